"""Counts, sizes and spans of time in words. Pure."""

from __future__ import annotations

from bus.transport import TopicSpec

_SECOND_MS, _MINUTE_MS, _HOUR_MS, _DAY_MS = 1000, 60_000, 3_600_000, 86_400_000
_UNITS = ((_DAY_MS, "day"), (_HOUR_MS, "hour"), (_MINUTE_MS, "minute"), (_SECOND_MS, "second"))
_SIZES = ((1024**4, "TiB"), (1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))


def number(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> number(1, "record"), number(12000, "record")
    ('1 record', '12,000 records')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def period(milliseconds: int) -> str:
    """Return a span of time in the two largest units that matter.

    >>> period(400 * 86_400_000), period(5_400_000), period(20)
    ('400 days', '1 hour 30 minutes', 'less than a second')
    """
    words = []
    for size, unit in _UNITS:
        count, milliseconds = divmod(milliseconds, size)
        if count:
            words.append(number(count, unit))
    return " ".join(words[:2]) or "less than a second"


def size(count: int) -> str:
    """Return a number of bytes as people read it.

    >>> size(512), size(1536)
    ('512 bytes', '1.5 KiB')
    """
    for unit, name in _SIZES:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return number(count, "byte")


def keeps(spec: TopicSpec) -> str:
    """Return what a topic keeps.

    >>> keeps(TopicSpec(name="reference.units", partitions=4, compacted=True))
    'the last record of each key'
    """
    if spec.compacted:
        return "the last record of each key"
    return "for ever" if spec.retention_ms is None else period(spec.retention_ms)
