"""The source: the tracking list, page by page. Its cursor is the ``lastId`` that the partner asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Raw, Struct, field

from bus.envelope import Envelope
from bus.errors import CursorLost, PartnerUnavailable, Unreadable
from connectors.items import read_item
from connectors.postal.client import Client
from connectors.postal.config import Config
from connectors.postal.mapping import Row, events
from connectors.sdk import Batch, Fetched

FIRST = "0" * 24
"""What the partner takes for «from the very first»."""

_ID = re.compile(r"^[0-9a-f]{24}\Z")


class PostalSource:
    """The statuses of all parcels; README.md says what it promises."""

    topic = "postal.events"

    def __init__(self, config: Config, partner: Client) -> None:
        self._config, self._partner = config, partner
        self.name, self.interval_s = config.name, config.interval_s

    def fetch(self, cursor: bytes | None) -> Batch:
        """Return one page; as the port says."""
        last = _last_id(cursor)
        page = self._partner.page(last, self._config.page_size)
        items = rows(page.embedded.rows, last)
        behind = items[-1].native_id if items else last
        return Batch(items=items, cursor=behind.encode(), more=bool(items) and page.pages > 1)

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return what a row tells; as the port says."""
        return events(item, self._config)

    def close(self) -> None:
        """Let go of the connections. May be repeated."""
        self._partner.close()


def rows(page: Sequence[bytes | Raw], last: str) -> list[Fetched]:
    """Return a page's rows in their order. Raises :class:`~bus.errors.PartnerUnavailable` for a page out of order.

    Where ids do not rise, the partner does not keep the order on which the cursor rests; nothing of it is taken.
    """
    found = []
    for raw in page:
        item = _fetched(bytes(raw))
        if item.native_id <= last:
            raise PartnerUnavailable("tracking: a page out of order, or one that was sent before")
        last = item.native_id
        found.append(item)
    return found


class _Row(Struct):
    class Id(Struct):
        text: Annotated[str, Meta(pattern=_ID.pattern)] = field(name="$oid")

    id: Id = field(name="_id")


def _fetched(raw: bytes) -> Fetched:
    """Read one row; what has an id and is otherwise not a row is kept, to be buried."""
    try:
        name = read_item(raw, _Row).id.text
    except Unreadable as error:
        raise PartnerUnavailable("tracking: a row has no `_id` of 24 hexadecimal digits") from error
    place = f"tracking row {name}"
    try:
        row = read_item(raw, Row)
    except Unreadable as fault:
        return Fetched(raw=raw, value=None, place=place, fault=fault, native_id=name)
    return Fetched(raw=raw, value=row, place=place, native_id=name, key=row.order)


def _last_id(cursor: bytes | None) -> str:
    last = FIRST if cursor is None else cursor.decode("ascii", "replace")
    if not _ID.match(last):
        raise CursorLost(
            "the stored cursor is no id of the tracking list",
            hint="Give this connector another `name`: as a new one it reads, and tells, everything from the first on.",
        )
    return last
