"""Which records a replay means, by what was asked. Pure; headers alone decide, so nothing has to be decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bus.records import Record
from replay.moments import Window
from replay.reading import occurred_header
from replay.runs.plan import Asked

Choice = Callable[[Sequence[Record]], Sequence[Record]]
"""Returns those that are meant, in their order."""


def choice_of(asked: Asked, key: bytes | None = None) -> Choice:
    """Return what keeps the records that are asked for; one that does not tell its time may be meant, so it is.

    ``key`` is asked for besides: a plan does not tell it.
    """
    tests: list[Callable[[Record], bool]] = []
    if key is not None:
        tests.append(lambda record: record.key == key)
    if asked.types:
        types = {name.encode() for name in asked.types}
        tests.append(lambda record: record.header("ce_type") in types)
    if asked.agency is not None:
        agency = asked.agency.encode()
        tests.append(lambda record: record.header("ce_agency") == agency)
    if asked.first is not None or asked.last is not None:
        tests.append(_within(asked.window))
    if not tests:
        return lambda records: records
    return lambda records: [record for record in records if all(test(record) for test in tests)]


def _within(window: Window) -> Callable[[Record], bool]:
    if window.by == "accepted":
        return lambda record: window.holds(None, record.timestamp)
    return lambda record: window.holds(occurred_header(record), record.timestamp)
