"""JSON from a file or a pipe: one object, or one a line. What is broken is named by its line; those around it pass."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from bus.errors import Unreadable

_MAX_LINE = 4 * 1024 * 1024
_MAX_WHOLE = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_HINT = "Give one JSON object, or one a line (JSON Lines)."


class Item(NamedTuple):
    """One object, or why there is none. ``place`` is ``line 3``, or empty where the input is a single object."""

    place: str
    value: dict[str, Any] | None
    fault: Unreadable | None = None


class _Line(NamedTuple):
    number: int
    data: bytes | None
    """None for a line that is too long to be kept."""


def items(stream: BinaryIO) -> Iterator[Item]:
    """Yield the objects of a stream, each line's as soon as it has come; a single object may take many lines.

    Raises :class:`~bus.errors.Unreadable` where there is nothing at all.
    """
    lines = _lines(stream)
    first = next((line for line in lines if line.data is None or line.data.strip()), None)
    if first is None:
        raise Unreadable("the input is empty", hint=_HINT)
    if first.data is None or _is_object(first.data):
        yield from _each(chain([first], lines))
        return
    held = [first, *_held(lines)]
    whole = b"".join(line.data or b"" for line in held)
    is_one = len(whole) <= _MAX_WHOLE and all(line.data is not None for line in held)
    found = _item("", whole, first.number)
    if is_one and (found.fault is None or not any(_is_object(line.data) for line in held)):
        yield found
    else:
        yield from _each(chain(held, lines))


def _lines(stream: BinaryIO) -> Iterator[_Line]:
    number = 0
    while data := stream.readline(_MAX_LINE + 1):
        number += 1
        if len(data) <= _MAX_LINE:
            yield _Line(number, data.removeprefix(_BOM) if number == 1 else data)
            continue
        while data and not data.endswith(b"\n"):
            data = stream.readline(_MAX_LINE)
        yield _Line(number, None)


def _held(lines: Iterable[_Line]) -> Iterator[_Line]:
    """Take lines for as long as they may be one object."""
    size = 0
    for line in lines:
        yield line
        size += len(line.data or b"")
        if line.data is None or size > _MAX_WHOLE:
            return


def _each(lines: Iterable[_Line]) -> Iterator[Item]:
    for line in lines:
        place = f"line {line.number}"
        if line.data is None:
            yield Item(place, None, Unreadable(f"{place} is over {_MAX_LINE:,} bytes", hint="Write one event a line."))
        elif line.data.strip():
            yield _item(place, line.data, line.number)


def _item(place: str, data: bytes, number: int) -> Item:
    try:
        return Item(place, _parsed(data, place or "the input", number))
    except Unreadable as error:
        return Item(place, None, error)


def _is_object(data: bytes | None) -> bool:
    return data is not None and _item("", data, 1).fault is None


def _parsed(data: bytes, place: str, number: int) -> dict[str, Any]:
    """Parse strictly: Python itself would take the last of repeated keys, and NaN."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise Unreadable(f"{place} is not UTF-8 at byte {error.start}", hint="Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        where = f"line {number + error.lineno - 1}, column {error.colno}"
        raise Unreadable(f"{place} is not JSON: {error.msg} ({where})", hint=_HINT) from error
    except _Refused as error:
        raise Unreadable(f"{place}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{place} has a number too long, or nests too deep, to be an event") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{place} is JSON, but no object", hint=_HINT)
    return value


class _Refused(Exception):
    """JSON that Python reads and we do not."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        shown = f" `{twice}`" if re.fullmatch(r"[A-Za-z_]\w{0,63}", twice, re.ASCII) else ""
        raise _Refused(f"a key{shown} stands twice in one object")
    return found


def _refuse(_name: str) -> None:
    raise _Refused("NaN and Infinity are no JSON numbers")
