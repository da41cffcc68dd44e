"""What a contract says of fields that are absent. The encoder itself refuses an absent field: see :func:`complete`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bus.codec.plan import ArrayType, AvroType, EnumType, MapType, Plan, RecordRef, RecordType, Scalar, UnionType
from bus.codec.planning import make_plan

_WHOLE = (Scalar("int"), Scalar("long"))
Defaults = Mapping[tuple[str, str], Any]
"""By record's full name and field: the default as the schema's JSON writes it."""


def defaults_of(plan: Plan) -> Defaults:
    """Return all defaults within a schema."""
    return dict(_defaults(plan.parsed))


def complete(schema: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``payload`` with the contract's defaults where a field is absent, in records within it too.

    For code that makes payloads by hand: the encoder takes no absent field, so that nothing is left out by a slip. A
    default that JSON cannot say as the value itself (an amount, a time) is not filled in; what does not fit is left
    as it is, for the encoder to name.
    """
    plan = make_plan(schema)
    completed: dict[str, Any] = _Completion(plan).value(plan.root, payload)
    return completed


class _Completion:
    def __init__(self, plan: Plan) -> None:
        self._plan, self._defaults = plan, defaults_of(plan)

    def value(self, node: AvroType, value: Any) -> Any:
        match node:
            case RecordType() | RecordRef() if isinstance(value, Mapping):
                return self._record(self._plan.records[node.name], value)
            case UnionType() if node.optional is not None and value is not None:
                return self.value(node.optional, value)
            case ArrayType() if isinstance(value, list):
                return [self.value(node.items, item) for item in value]
            case MapType() if isinstance(value, dict):
                return {name: self.value(node.values, item) for name, item in value.items()}
        return value

    def _record(self, node: RecordType, given: Mapping[str, Any]) -> dict[str, Any]:
        completed = dict(given)
        for name, kind in node.fields:
            if name in given:
                completed[name] = self.value(kind, given[name])
            elif (node.name, name) in self._defaults and _says_itself(kind, self._defaults[node.name, name]):
                completed[name] = self._defaults[node.name, name]
        return completed


def _says_itself(kind: AvroType, default: Any) -> bool:
    """Tell whether JSON's form of a default is the value: text is, for text alone."""
    if isinstance(default, str):
        return kind == Scalar("string") or isinstance(kind, EnumType)
    return default is None or isinstance(default, bool) or default in ([], {}) or kind in _WHOLE


def _defaults(parsed: Any) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield the defaults within a parsed schema."""
    if isinstance(parsed, list):
        for branch in parsed:
            yield from _defaults(branch)
    elif isinstance(parsed, dict):
        for field in parsed.get("fields", ()):
            if "default" in field:
                yield (parsed["name"], field["name"]), field["default"]
            yield from _defaults(field["type"])
        for part in (parsed.get("items"), parsed.get("values"), parsed["type"]):
            yield from _defaults(part)
