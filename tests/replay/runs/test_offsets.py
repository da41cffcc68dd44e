"""Offsets that a plan picked come back as they were, small, and nothing else is taken for them."""

from __future__ import annotations

import zlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import ConfigError
from replay.runs.offsets import Runs

offsets = st.lists(st.integers(0, 2**40), max_size=200).map(lambda found: sorted(set(found)))


@given(offsets)
def test_picked_offsets_come_back_as_they_were(picked: list[int]) -> None:
    runs = Runs.unpacked(Runs.of(picked).packed(), len(picked))
    assert [offset for first, end in runs for offset in range(first, end)] == picked


def test_half_a_million_scattered_offsets_are_small() -> None:
    assert len(Runs.of(range(0, 1_000_000, 2)).packed()) < 100_000


@pytest.mark.parametrize("text", ["%", "AAAA", b64encode(zlib.compress(b"seven b")).decode()])
def test_what_is_no_packed_offsets_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="offsets"):
        Runs.unpacked(text, 10)


def test_no_more_is_unpacked_than_there_are_records() -> None:
    with pytest.raises(ConfigError, match="offsets"):
        Runs.unpacked(Runs.of(range(0, 1000, 2)).packed(), 10)


def test_a_part_of_the_runs_are_runs() -> None:
    assert list(Runs.of([1, 2, 9, 20])[1:]) == [(9, 10), (20, 21)]
