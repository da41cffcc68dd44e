"""An object of the partner's, asked field by field: each refusal names the field's path and never its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from bus.errors import Unmappable
from connectors import times

_FLAGS = {"0": False, "1": True, "false": False, "true": True}
_MAX_AMOUNT = Decimal(10) ** 16


class Moment(NamedTuple):
    """A time in UTC with the partner's own text, which has no offset."""

    at: datetime
    text: str

    def value(self) -> dict[str, Any]:
        """Return the moment as a payload's field."""
        return {"at": self.at, "text": self.text}


class Item:
    """One object; ``path`` is where it stands in the partner's item."""

    def __init__(self, content: Mapping[str, Any], path: str = "") -> None:
        self._content, self._path = content, path

    def text(self, name: str) -> str | None:
        """Return a text, or a whole number as text; None where there is nothing."""
        value = self._content.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise self.unmappable(name, "is no text")

    def needed(self, name: str) -> str:
        """Return a text that must be there."""
        text = self.text(name)
        if text is None:
            raise self.unmappable(name, "is missing")
        return text

    def moment(self, name: str) -> Moment | None:
        """Return a time, or None where there is none."""
        text = self.text(name)
        if text is None:
            return None
        at = times.parse(text)
        if at is None:
            raise self.unmappable(name, "is no time", "Times are written yyyyMMddHHmmss.")
        return Moment(at, text)

    def needed_moment(self, name: str) -> Moment:
        """Return a time that must be there."""
        moment = self.moment(name)
        if moment is None:
            raise self.unmappable(name, "is missing")
        return moment

    def flag(self, name: str) -> bool | None:
        """Return 0 or 1, as number, text or truth value; None where there is nothing."""
        value = self._content.get(name)
        if value is None or isinstance(value, bool):
            return value
        flag = _FLAGS.get(str(value).lower())
        if flag is None:
            raise self.unmappable(name, "is neither 0 nor 1")
        return flag

    def amount(self, name: str) -> Decimal:
        """Return an amount of money that must be there: at most two decimals, not below nothing."""
        value = self._content.get(name)
        text = str(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""
        digits = text.replace(".", "", 1)
        if not (digits.isascii() and digits.isdigit() and len(text) < 20):
            raise self.unmappable(name, "is missing or no amount", "Amounts are whole digits, with a point at most.")
        amount = Decimal(text)
        if amount >= _MAX_AMOUNT or amount != round(amount, 2):
            raise self.unmappable(name, "is finer than a hundredth, or too large")
        return amount

    def rows(self, name: str) -> Sequence[Item]:
        """Return the objects of a list; none where there is no list."""
        value = self._content.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.unmappable(name, "is no list of objects")
        return [Item(each, f"{self._path}{name}[{place}].") for place, each in enumerate(value)]

    def texts(self, name: str) -> Sequence[str]:
        """Return the texts of a list; none where there is no list."""
        value = self._content.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.unmappable(name, "is no list of texts")
        return value

    def part(self, name: str) -> Item:
        """Return an object within, or the first of a list of them; an empty one where there is nothing."""
        value = self._content.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if value is None:
            return Item({}, f"{self._path}{name}.")
        if not isinstance(value, dict):
            raise self.unmappable(name, "is no object")
        return Item(value, f"{self._path}{name}.")

    def cause(self, event_type: str) -> UUID | None:
        """Return the event that a fact rests on (CanCu): the name that we gave it when we sent it; None for none."""
        text = self.part("CanCu").text(event_type)
        try:
            return None if text is None else UUID(text)
        except ValueError:
            return None

    def said(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what the partner said in these fields, as it stands; what was left out is left out."""
        return {name: self._content[name] for name in names if name in self._content}

    def unmappable(self, name: str, why: str, hint: str = "") -> Unmappable:
        """Return the refusal of a field."""
        return Unmappable(f"`{self._path}{name}` {why}", hint=hint or None)
