"""Times as exports write them: formats in letters (``dd/MM/yyyy HH:mm``), ISO 8601, or seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.file_drop.unfit import Unfit, WrongFormat

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS = {
    "yyyy": "(?P<year>[0-9]{4})",
    "MMM": "(?P<name>[A-Za-z]{3})", "MM": "(?P<month>[0-9]{2})", "M": "(?P<month>[0-9]{1,2})",
    "dd": "(?P<day>[0-9]{2})", "d": "(?P<day>[0-9]{1,2})",
    "HH": "(?P<hour>[0-9]{2})", "H": "(?P<hour>[0-9]{1,2})",
    "hh": "(?P<half>[0-9]{2})", "h": "(?P<half>[0-9]{1,2})", "a": "(?P<side>[AaPpSsCc][MmAaHh])",
    "mm": "(?P<minute>[0-9]{2})", "m": "(?P<minute>[0-9]{1,2})",
    "ss": "(?P<second>[0-9]{2})", "s": "(?P<second>[0-9]{1,2})",
}  # fmt: skip
_OFFSET = "(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})"
_ANY_LENGTH = {"S": "(?P<fraction>[0-9]{1,9})", "X": _OFFSET, "Z": _OFFSET, "z": _OFFSET}
_TOKEN = re.compile(r"'[^']*'|([A-Za-z])\1*|[^A-Za-z']")
_LONG = 27
_NO_SUCH_DAY = "Correct that time. Are day and month the other way round?"
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_FINE = re.compile("[.,][0-9]{7}")
"""Finer than Python's own times; shorter texts have no room for it beside an offset."""

_FROM_PERCENT = {
    "%Y": "yyyy", "%m": "MM", "%d": "dd", "%H": "HH", "%I": "hh", "%M": "mm", "%S": "ss", "%f": "SSSSSS", "%p": "a",
    "%z": "X", "%b": "MMM",
}  # fmt: skip


class Instant(NamedTuple):
    """A time in UTC, in whole milliseconds; ``text`` is the source's own where that says more, or less."""

    at: datetime
    text: str | None


ReadTime = Callable[[str], datetime | None]
"""Reads a text of its own format, without a zone where the text has none; None for any other text.

Raises ``ValueError`` for a text that fits, but names a day or an hour that there is not.
"""


def instant_reader(formats: Sequence[str], zone: tzinfo | None) -> Callable[[str], Instant]:
    """Return the function that reads a time by the first format that fits. Raises :class:`~.unfit.Unfit`.

    A time without an offset is meant in ``zone``, and keeps its text; so does one that is finer than a millisecond.

    >>> instant_reader(["iso"], None)("2005-03-23 00:00:00+01:00").at.isoformat()
    '2005-03-22T23:00:00+00:00'
    """
    read = time_reader(formats)

    def read_instant(text: str) -> Instant:
        found = read(text)
        kept = None
        if found.tzinfo is None:
            if zone is None:
                raise Unfit("is a time without an offset", "Say by `zone:` which clock the export goes by.")
            found, kept = found.replace(tzinfo=zone), text
        try:
            at = found.astimezone(UTC)
        except (OverflowError, ValueError) as error:
            raise Unfit("is a time before year 1 or after 9999", "Correct that time.") from error
        if at.microsecond % 1000:
            at, kept = at.replace(microsecond=at.microsecond // 1000 * 1000), text
        elif len(text) > _LONG and _FINE.search(text):
            kept = text
        return Instant(at, kept)

    return read_instant


def time_reader(formats: Sequence[str]) -> Callable[[str], datetime]:
    """Return the function that reads a time as it stands, with or without an offset. Raises :class:`~.unfit.Unfit`."""
    readers = [_reader(one) for one in formats]
    shown = ", ".join(f"`{one}`" for one in formats)
    hint = "`format:` takes several formats, tried in their order; connectors/file_drop/README.md has the letters."

    def read(text: str) -> datetime:
        fitting = None
        for one, name in zip(readers, formats, strict=True):
            try:
                found = one(text)
            except ValueError:
                fitting = fitting or name
                continue
            if found is not None:
                return found
        if fitting is not None:
            raise Unfit(f"fits the format `{fitting}`, but the calendar has no such day or hour", _NO_SUCH_DAY)
        raise Unfit(f"is not a time of format {shown}", hint)

    return read


def zone_named(name: str) -> tzinfo:
    """Return the zone of an IANA name or an offset (``+07:00``). Raises :class:`~.unfit.WrongFormat`."""
    offset = re.fullmatch(r"([+-])([0-9]{2}):([0-9]{2})", name)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        delta = timedelta(hours=int(hours), minutes=int(minutes))
        if delta < timedelta(hours=24):
            return timezone(-delta if sign == "-" else delta)
    elif name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        hint = "Write a name such as `Asia/Ho_Chi_Minh` or `Europe/Rome`, or an offset such as `+07:00`."
        raise WrongFormat("no such time zone is known here", hint) from error


def _reader(one: str) -> ReadTime:
    known = {"iso": _read_iso, "unix-s": _unix_reader(0), "unix-ms": _unix_reader(-3)}
    return known.get(one) or _pattern_reader(one)


def _read_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        if _ISO.fullmatch(text):
            raise
        return None


def _unix_reader(scale: int) -> ReadTime:
    fits = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?").fullmatch

    def read(text: str) -> datetime | None:
        if not fits(text):
            return None
        try:
            return _EPOCH + timedelta(microseconds=int(Decimal(text).scaleb(6 + scale)))
        except OverflowError:
            return None

    return read


def _pattern_reader(pattern: str) -> ReadTime:
    """Compile a format in letters. Raises :class:`~.unfit.WrongFormat`."""
    fits = re.compile(_expression(pattern), re.ASCII).fullmatch

    def read(text: str) -> datetime | None:
        match = fits(text)
        return None if match is None else _composed(match.groupdict())

    return read


def _expression(pattern: str) -> str:
    """Return the regular expression of a format in letters.

    >>> _expression("d/M/yyyy")
    '(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})'
    """
    if "%" in pattern:
        raise WrongFormat("formats are written in letters here", f"Write `{_translated(pattern)}`.")
    pieces, place = [], 0
    while place < len(pattern):
        token = _TOKEN.match(pattern, place)
        if token is None:
            raise WrongFormat("a quote in the format does not close", "Put single quotes around plain words.")
        pieces.append(_piece(token.group()))
        place = token.end()
    expression = "".join(pieces)
    try:
        re.compile(expression)
    except re.error as error:
        raise WrongFormat("a part of the time stands twice in the format", "Take each letter once.") from error
    _check_complete(expression)
    return expression


def _piece(word: str) -> str:
    if word.startswith("'"):
        return re.escape(word.strip("'"))
    if word[0] in _ANY_LENGTH:
        return _ANY_LENGTH[word[0]]
    if word in _PARTS:
        return _PARTS[word]
    if word.isalpha() and word != "T":
        hint = "The letters are yyyy MM dd HH mm ss SSS X, MMM, hh and a; plain words stand in single quotes."
        raise WrongFormat(f"`{word}` means nothing in a format", hint)
    return re.escape(word)


def _check_complete(expression: str) -> None:
    month = "<month>" in expression or "<name>" in expression
    if "<year>" not in expression or not month or "<day>" not in expression:
        raise WrongFormat("the format lacks year, month or day", "Write one such as `dd/MM/yyyy HH:mm:ss`.")
    if ("<half>" in expression) != ("<side>" in expression):
        raise WrongFormat("hours from 1 to 12 need the half of the day, `a`", "Write `hh:mm a`, or `HH:mm`.")


def _composed(parts: dict[str, str | None]) -> datetime:
    """Return the time of a match's parts. Raises ``ValueError`` where there is no such day or hour."""
    name = parts.get("name")
    month = _MONTHS.index(name.lower()) + 1 if name else int(parts.get("month") or 0)
    hour = _hour(parts) if parts.get("half") else int(parts.get("hour") or 0)
    return datetime(
        int(parts["year"] or 0),
        month,
        int(parts["day"] or 0),
        hour,
        int(parts.get("minute") or 0),
        int(parts.get("second") or 0),
        int((parts.get("fraction") or "0").ljust(6, "0")[:6]),
        tzinfo=_offset(parts.get("offset")),
    )


def _hour(parts: dict[str, str | None]) -> int:
    half, side = int(parts["half"] or 0), (parts["side"] or "").lower()
    if not 1 <= half <= 12 or side not in ("am", "pm", "sa", "ch"):
        raise ValueError
    return half % 12 + (12 if side in ("pm", "ch") else 0)


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    delta = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-delta if text[0] == "-" else delta)


def _translated(pattern: str) -> str:
    """Return a format in Python's signs as one in letters."""
    return re.sub("%.", lambda sign: _FROM_PERCENT.get(sign.group(), sign.group()[1:]), pattern)
