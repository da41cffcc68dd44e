"""From a page's bytes to rows: each with its place in the feed, or the fault that it cannot be read. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn
from unicodedata import normalize

from msgspec import Struct

from bus.errors import PartnerUnavailable, Unreadable
from connectors import times
from connectors.one_stop.bookmark import Bookmark
from connectors.one_stop.feeds import CHANGED_AT, DOSSIER, FEEDS
from connectors.sdk import Fetched

MAX_ITEM_BYTES = 512 * 1024
_MAX_DEPTH = 20


class Row(Struct, frozen=True, kw_only=True):
    """One thing of a feed: where it stands there, and its content in NFC, without empty fields."""

    feed: str
    time: str
    id: str
    content: dict[str, Any]


def rows(items: Sequence[bytes], mark: Bookmark) -> list[Fetched]:
    """Return a page's items in their order. Raises :class:`~bus.errors.PartnerUnavailable` for a page out of order.

    A page that comes again, or rows that stand before what was asked for, mean that the partner does not keep the
    order on which the bookmark rests; nothing of such a page is taken.
    """
    found = [_fetched(raw, mark, number) for number, raw in enumerate(items, 1)]
    _check_order([item.value for item in found if item.value is not None], mark)
    return found


def read(raw: bytes, feed: str) -> Row:
    """Return the row that an item's bytes tell. Raises :class:`~bus.errors.Unreadable`."""
    content = _content(raw)
    time, row_id = content.get(CHANGED_AT), content.get(FEEDS[feed].id)
    if not isinstance(time, str) or times.parse(time) is None:
        raise Unreadable(f"`{CHANGED_AT}` is missing or no time", hint="The partner has to send it as yyyyMMddHHmmss.")
    if not isinstance(row_id, str):
        raise Unreadable(f"`{FEEDS[feed].id}` is missing or no text", hint="Without it the thing has no name.")
    return Row(feed=feed, time=time, id=row_id, content=content)


def _fetched(raw: bytes, mark: Bookmark, number: int) -> Fetched:
    service = FEEDS[mark.feed].service
    try:
        row = read(raw, mark.feed)
    except Unreadable as fault:
        behind = f"{mark.time} {mark.id}".strip()
        return Fetched(raw=raw, value=None, place=f"{service}, item {number} behind {behind}", fault=fault)
    place = f"{service} {row.id[:100]}, changed {row.time}"
    dossier = row.content.get(DOSSIER)
    key = dossier if isinstance(dossier, str) else ""
    return Fetched(raw=raw, value=row, place=place, native_id=f"{row.feed}/{row.id}", key=key)


def _content(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_ITEM_BYTES:
        raise Unreadable(f"the item has {len(raw)} bytes, over the limit of {MAX_ITEM_BYTES}")
    try:
        content = json.loads(raw, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the item is no JSON in UTF-8") from error
    if not isinstance(content, dict):
        raise Unreadable("the item is no object")
    return {name: kept for name, value in content.items() if (kept := _clean(value, _MAX_DEPTH)) is not None}


def _clean(value: Any, depth: int) -> Any:
    """Return a value with its texts in NFC and without blanks around them; an empty text is nothing."""
    if depth == 0:
        raise Unreadable(f"the item is over {_MAX_DEPTH} levels deep")
    if isinstance(value, str):
        return normalize("NFC", value).strip() or None
    if isinstance(value, list):
        return [kept for each in value if (kept := _clean(each, depth - 1)) is not None]
    if isinstance(value, dict):
        return {name: kept for name, each in value.items() if (kept := _clean(each, depth - 1)) is not None}
    return value


def _no_number(_text: str) -> NoReturn:
    raise ValueError


def _check_order(found: Sequence[Row], mark: Bookmark) -> None:
    last = mark.time
    for row in found:
        if row.time < last or (row.time, row.id) == (mark.time, mark.id):
            raise PartnerUnavailable(
                f"{FEEDS[mark.feed].service}: a page out of order, or one that was sent before",
                hint="The partner has to sort by time of change and name, and to begin behind what was asked for.",
            )
        last = row.time
