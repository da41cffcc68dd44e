"""Reading one thing of a partner's: a fault names the field, and never what stood there."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from bus.errors import Unreadable
from connectors.items import read_item


class Thing(Struct):
    """What the tests read."""

    number: Annotated[str, Meta(min_length=2)]
    state: Literal["new", "old"] = "new"
    count: int = 0


def test_a_whole_thing_is_read() -> None:
    assert read_item(b'{"number": "x1", "other": []}', Thing) == Thing("x1")


@pytest.mark.parametrize(
    ("raw", "named"),
    [(b"{}", "number"), (b'{"number": "x"}', "number"), (b'{"number": "x1", "count": "secret"}', "count"),
     (b'{"number": "x1", "state": "secret"}', ""), (b'{"number": "secret', ""), (b"", ""), (b"[" * 100_000, ""),
     (b'{"number": "\xff\xfe"}', ""), (b"<html>secret</html>", "")],
)  # fmt: skip
def test_what_is_not_one_is_refused_by_its_place(raw: bytes, named: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_item(raw, Thing)
    assert named in str(refused.value)
    assert "secret" not in str(refused.value)
