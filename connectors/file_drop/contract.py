"""What an event's contract asks for: the fields a mapping may fill, and those it must."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from bus.codec.defaults import Defaults, defaults_of
from bus.codec.plan import ArrayType, AvroType, Plan, RecordRef, RecordType, UnionType
from bus.codec.planning import make_plan
from schemas.catalogue import EventEntry

_MAIN_FIELDS = {"Code": "code", "Money": "amount", "Moment": "at"}
"""The field of a shared record that a single cell fills; the rest stands beside it by name."""


class Slot(Struct, frozen=True, kw_only=True):
    """A field: its type, ``null`` put aside, and what it is where nothing fills it, if that may be."""

    type: AvroType
    is_optional: bool
    default: Any = None


class Contract(Struct, frozen=True, kw_only=True):
    """One event type as a mapping sees it. ``defaults`` are by record and field."""

    event: str
    topic: str
    plan: Plan
    defaults: Defaults

    @property
    def slots(self) -> Mapping[str, Slot]:
        """The event's own fields."""
        return self.fields_of(self.plan.root)

    def fields_of(self, record: RecordType | RecordRef) -> Mapping[str, Slot]:
        """Return the fields of a record within the event."""
        whole = self.plan.records[record.name]
        return {name: self._slot((whole.name, name), kind) for name, kind in whole.fields}

    def _slot(self, field: tuple[str, str], kind: AvroType) -> Slot:
        default = self.defaults.get(field)
        # A default of another kind, an amount in bytes say, is for readers only: the mapping has to fill that field.
        is_usable = isinstance(default, str | bool | int) or default == []
        inner = _beside_null(kind)
        return Slot(
            type=inner or kind, is_optional=is_usable or inner is not None, default=default if is_usable else None
        )


def contract_of(entry: EventEntry) -> Contract:
    """Return the newest contract of an event type."""
    plan = make_plan(entry.schema)
    return Contract(event=entry.type, topic=entry.topic, plan=plan, defaults=defaults_of(plan))


def item_slot(kind: ArrayType) -> Slot:
    """Return what stands in a list, as a field of its own."""
    return Slot(type=_beside_null(kind.items) or kind.items, is_optional=True)


def main_field(record: RecordType | RecordRef) -> str | None:
    """Return the name of the field that a single cell fills, if the record has one."""
    return _MAIN_FIELDS.get(record.name.rpartition(".")[2])


def _beside_null(kind: AvroType) -> AvroType | None:
    return kind.optional if isinstance(kind, UnionType) else None
