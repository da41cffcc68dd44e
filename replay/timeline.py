"""The events of one dossier as a story: once each, in order, within a window. Pure: nothing is read here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from bus.deadletters import SUFFIX
from bus.envelope import Envelope
from bus.records import Record
from replay.moments import By, Window
from replay.reading import Coverage, Told, Unreadable, milliseconds_of, occurred_header, unreadable


class Happening(Struct, frozen=True, kw_only=True):
    """An event with its place and both of its times.

    ``because`` is the place of the event that led to it, and ``because_type`` that event's type, if it is shown.
    """

    place: str
    event: Envelope
    occurred: int
    accepted: int
    because: str | None = None
    because_type: str = ""


class Timeline(Struct, frozen=True, kw_only=True):
    """What is told, and what is known to be missing from it.

    ``dead_letters`` are records about the dossier that were buried, and were not closed since.
    ``repeats`` counts the records that told an event again, ``conflicts`` names those that told it otherwise.
    ``outside`` counts the events that the window leaves out, ``later`` those that the bus did not know then.
    """

    happenings: Sequence[Happening]
    unreadable: Sequence[Unreadable]
    dead_letters: Sequence[Unreadable]
    repeats: int
    conflicts: Sequence[str]
    outside: int
    later: int = 0


def timeline(told: Iterable[Told], coverage: Coverage, window: Window) -> Timeline:
    """Arrange what was found: each event once, as it was first accepted, by when it happened."""
    by_acceptance = sorted(told, key=lambda one: _acceptance(one.record))
    kept = [one for one in by_acceptance if window.as_of is None or one.record.timestamp <= window.as_of]
    events: dict[UUID, Happening] = {}
    read = [(one, one.event) for one in kept if one.event is not None]
    for one, event in read:
        events.setdefault(event.id, happening(one, event))
    missing = [
        one for one in kept if one.event is None and window.holds(occurred_header(one.record), one.record.timestamp)
    ]
    lost = [unreadable(one) for one in missing if not one.record.topic.endswith(SUFFIX)]
    lost.extend(one for one in coverage.unreadable if window.holds(one.occurred, one.accepted))
    shown = [one for one in events.values() if window.holds(one.occurred, one.accepted)]
    return Timeline(
        happenings=_with_causes(sorted(shown, key=order_of)),
        unreadable=sorted({one.place: one for one in lost}.values(), key=lambda one: one.place),
        dead_letters=buried(missing, events),
        repeats=len(read) - len(events),
        conflicts=[one.place for one, event in read if event.payload != events[event.id].event.payload],
        outside=len(events) - len(shown),
        later=len({one.event.id for one in by_acceptance if one.event is not None} - events.keys()),
    )


def happening(one: Told, event: Envelope) -> Happening:
    """Return a record's event with its place and times."""
    return Happening(place=one.place, event=event, occurred=milliseconds_of(event), accepted=one.record.timestamp)


def order_of(one: Happening, by: By = "occurred") -> tuple[int, int, str, int, int]:
    """Return what happenings are sorted by: one of their times, then the other, then their place."""
    topic, partition, offset = one.place.rsplit("/", 2)
    times = (one.occurred, one.accepted) if by == "occurred" else (one.accepted, one.occurred)
    return (*times, topic, int(partition), int(offset))


def buried(found: Iterable[Told], events: Collection[UUID]) -> list[Unreadable]:
    """Return the dead letters that are missing from ``events``.

    One whose event is in the log after all has come back, or only one consumer could not use it.
    """
    known = {str(one) for one in events}
    letters = [one for one in found if one.record.topic.endswith(SUFFIX) and not one.is_closed]
    return [unreadable(one) for one in letters if one.record.text("ce_id") not in known]


def _with_causes(happenings: Sequence[Happening]) -> Sequence[Happening]:
    shown = {one.event.id: one for one in happenings}
    return [_caused(one, shown) for one in happenings]


def _caused(one: Happening, shown: Mapping[UUID, Happening]) -> Happening:
    cause = None if one.event.causation is None else shown.get(one.event.causation)
    return one if cause is None else replace(one, because=cause.place, because_type=cause.event.type)


def _acceptance(record: Record) -> tuple[int, str, int, int]:
    return record.timestamp, record.topic, record.partition, record.offset
