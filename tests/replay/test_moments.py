"""Times as people write them."""

from __future__ import annotations

import pytest

from bus.cli.moments import as_clock, moment_of, zone_of
from bus.errors import ConfigError
from replay.moments import window

HANOI = zone_of("Asia/Ho_Chi_Minh")
MIDNIGHT = 1_795_453_200_000  # 2026-11-24T00:00+07:00
DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24", MIDNIGHT),
        ("2026-11-24T00:00", MIDNIGHT),
        ("24/11/2026", MIDNIGHT),
        ("24/11/2026 00:00", MIDNIGHT),
        ("24/11/2026 00:00:30", MIDNIGHT + 30_000),
        ("2026-11-24 00:00:00.5", MIDNIGHT + 500),
        ("2026-11-24T00:00+07:00", MIDNIGHT),
        ("2026-11-23T17:00:00Z", MIDNIGHT),
    ],
)
def test_a_time_without_a_zone_is_local(text: str, moment: int) -> None:
    assert moment_of(text, HANOI) == moment


def test_a_day_alone_ends_with_its_last_instant() -> None:
    for text in ("2026-11-24", "24/11/2026"):
        assert moment_of(text, HANOI, is_end=True) == MIDNIGHT + DAY - 1


@pytest.mark.parametrize(
    "text",
    [
        "11/24/2026",
        "4/11/2026",
        "24/11/2026 9h",
        "yesterday",
        "",
        "2026-13-01",
        "2026-11-24T25:00",
        "2026-W48",
    ],
)
def test_anything_else_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        moment_of(text, HANOI, is_end=True)
    assert "2026-11-24T09:15" in refusal.value.hint


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ConfigError, match="before"):
        window("2026-11-25", "2026-11-24", zone=HANOI)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ConfigError, match="zone"):
        zone_of("Asia/Nowhere")


def test_the_calendar_s_last_day_is_a_day() -> None:
    last = moment_of("9999-12-31", HANOI, is_end=True)
    assert last is not None
    assert (moment_of("9999-12-31", HANOI), as_clock(last, HANOI)) == (last - 86_399_999, "31/12/9999 23:59:59")


def test_a_time_over_the_edge_of_the_calendar_here_is_told_as_utc_has_it() -> None:
    end = moment_of("9999-12-31T23:59:59Z", HANOI)
    assert end is not None
    assert as_clock(end, HANOI) == "31/12/9999 23:59:59"
