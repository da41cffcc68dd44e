"""JSON from a file or a pipe: what is broken is named by its line, and those around it pass."""

from __future__ import annotations

import io
from typing import Any

import pytest

from bus.cli.inputs import Item, items
from bus.errors import Unreadable


def read(content: bytes) -> list[Item]:
    return list(items(io.BytesIO(content)))


def outcomes(content: bytes) -> list[tuple[str, Any]]:
    """Return each item's place with its value, or with what is said of it."""
    return [(item.place, str(item.fault) if item.fault else item.value) for item in read(content)]


def test_lines_are_items_and_blank_ones_are_not() -> None:
    assert outcomes(b'{"a":1}\n\n {"b":2}') == [("line 1", {"a": 1}), ("line 3", {"b": 2})]


def test_a_pretty_object_is_one_item() -> None:
    assert outcomes(b'\xef\xbb\xbf{\n  "a": 1\n}\n') == [("", {"a": 1})]


def test_a_broken_pretty_object_is_named_by_line_and_column() -> None:
    ((_, words),) = outcomes(b'{\n  "a": 1,\n}\n')
    assert words.startswith("the input is not JSON")
    assert words.endswith("(line 3, column 1)")


def test_lines_that_begin_with_a_broken_one_are_still_lines() -> None:
    assert [place for place, _ in outcomes(b'{broken\n{"b":2}\n')] == ["line 1", "line 2"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a":"\xff"}', "line 2 is not UTF-8 at byte 6"),
        (b'{"a":"\x00"}', "Invalid control character"),
        (b"[1]", "no object"),
        (b'{"a":NaN}', "NaN and Infinity"),
        (b'{"a":1,"a":2}', "a key `a` stands twice"),
        ('{"Nguyễn A":1,"Nguyễn A":2}'.encode(), "a key stands twice"),
        (b'{"a":' + b"[" * 100_000, "too deep"),
        (b'{"a":' + b"1" * 5000 + b"}", "number too long"),
        (b'{"a":"' + b"x" * 5_000_000 + b'"}', "line 2 is over"),
    ],
)
def test_a_bad_line_is_refused_with_its_reason_and_its_neighbours_pass(content: bytes, words: str) -> None:
    found = outcomes(b'{"first":1}\n' + content + b'\n{"last":1}\n')
    assert [found[0][1], found[2:]] == [{"first": 1}, [("line 3", {"last": 1})]]
    assert words in found[1][1]


def test_a_line_is_an_item_before_the_next_has_come() -> None:
    class Slow(io.BytesIO):
        """A pipe whose writer waits for an answer after each line."""

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("it waited for more than a line")

    assert next(items(Slow(b'{"a":1}\n{"b":2}\n'))).value == {"a": 1}


@pytest.mark.parametrize("content", [b"", b" \n\n"])
def test_nothing_at_all_is_an_error(content: bytes) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read(content)
