"""Numbers and times as exports write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.file_drop.numbers import decimal_reader, number_reader
from connectors.file_drop.times import instant_reader, zone_named
from connectors.file_drop.unfit import Unfit, WrongFormat

HANOI = zone_named("Asia/Ho_Chi_Minh")
MORNING = datetime(2026, 11, 24, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "number"),
    [
        (".", "", "36.50", "36.50"),
        (".", "", "-36", "-36"),
        (".", "", "+1e+05", "100000"),
        (",", ".", "1.234.567,89", "1234567.89"),
        (",", "", "36,50", "36.50"),
        (".", ",", "1,234", "1234"),
        (",", " ", "1 234\u00a0567\u202f890,5", "1234567890.5"),
        (".", "'", "1'234.50", "1234.50"),
        (".", ",", "1234.50", "1234.50"),
    ],
)
def test_a_number_is_read_exactly_as_its_signs_say(decimal: str, thousands: str, text: str, number: str) -> None:
    assert number_reader(decimal, thousands)(text) == Decimal(number)


@pytest.mark.parametrize(
    ("decimal", "thousands", "text"),
    [
        (".", "", "36,50"),
        (",", "", "36.50"),
        (".", ",", "36,50"),
        (".", ",", "1,2345"),
        (",", ".", "1.23,4"),
        (".", "", "1,234.50"),
        (".", "", ""),
        (".", "", "."),
        (".", "", "5."),
        (".", "", "0x10"),
        (".", "", "1_000"),
        (".", "", "NaN"),
        (".", "", "Infinity"),
        (".", "", "1e999"),
        (".", "", "٣"),
        (".", "", "9" * 65),
        (".", "", "35 EUR"),
    ],
)
def test_what_could_be_read_two_ways_or_none_is_no_number(decimal: str, thousands: str, text: str) -> None:
    with pytest.raises(Unfit, match="is not a number"):
        number_reader(decimal, thousands)(text)


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=2))
def test_every_amount_survives_unrounded(amount: Decimal) -> None:
    read = decimal_reader(number_reader(), 18, 2)
    assert read(f"{amount:f}") == read(f"{amount:f}000") == amount


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("dd/MM/yyyy HH:mm:ss", "24/11/2026 08:05:09"),
        ("d/M/yyyy H:m:s", "24/11/2026 8:5:9"),
        ("yyyyMMddHHmmss", "20261124080509"),
        ("yyyy-MM-dd'T'HH:mm:ss", "2026-11-24T08:05:09"),
        ("yyyy-MM-ddTHH:mm:ss.SSS", "2026-11-24T08:05:09.000"),
        ("dd-MMM-yyyy hh:mm:ss a", "24-Nov-2026 08:05:09 AM"),
        ("hh:mm:ss a dd/MM/yyyy", "08:05:09 SA 24/11/2026"),
        ("'ngày' d 'tháng' M 'năm' yyyy, HH:mm:ss", "ngày 24 tháng 11 năm 2026, 08:05:09"),
        ("iso", "2026-11-24 08:05:09"),
        ("iso", "20261124T080509"),
    ],
)
def test_a_time_without_an_offset_is_meant_in_its_zone_and_keeps_its_text(pattern: str, text: str) -> None:
    assert instant_reader([pattern], HANOI)(text) == (MORNING, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("iso", "2026-11-24T08:05:09+07:00"),
        ("iso", "2026-11-24 01:05:09.000000Z"),
        ("yyyy-MM-dd HH:mm:ssX", "2026-11-24 08:05:09+0700"),
        ("dd/MM/yyyy HH:mm:ss XXX", "24/11/2026 01:05:09 Z"),
        ("unix-s", "1795482309"),
        ("unix-ms", "1795482309000"),
        ("unix-s", "1795482309.000"),
    ],
)
def test_a_time_with_an_offset_needs_no_zone_and_no_text(pattern: str, text: str) -> None:
    assert instant_reader([pattern], None)(text) == (MORNING, None)


@pytest.mark.parametrize("text", ["2026-11-24T08:05:09.000001+07:00", "2026-11-24T08:05:09.0000001+07:00"])
def test_a_time_finer_than_a_millisecond_keeps_its_text(text: str) -> None:
    assert instant_reader(["iso"], None)(text) == (MORNING, text)


@pytest.mark.parametrize(
    ("pattern", "text", "message"),
    [
        ("dd/MM/yyyy", "31/02/2026", "fits the format `dd/MM/yyyy`, but the calendar has no such day"),
        ("dd/MM/yyyy", "4/2/2026", "is not a time of format"),
        ("dd/MM/yyyy HH:mm", "24/11/2026 24:00", "fits the format"),
        ("hh:mm a dd/MM/yyyy", "13:00 PM 24/11/2026", "fits the format"),
        ("iso", "2026-02-31 08:00:00+07:00", "fits the format `iso`"),
        ("iso", "24/11/2026", "is not a time of format `iso`"),
        ("unix-s", "9" * 15, "is not a time of format"),
        ("iso", "0001-01-01T00:00:00+14:00", "before year 1 or after 9999"),
    ],
)
def test_a_text_that_is_no_such_time_is_refused(pattern: str, text: str, message: str) -> None:
    with pytest.raises(Unfit) as unfit:
        instant_reader([pattern], None)(text)
    assert message in unfit.value.what


def test_formats_are_tried_in_their_order() -> None:
    read = instant_reader(["dd/MM/yyyy", "MM/dd/yyyy"], HANOI)
    assert [read(text).at.month for text in ("05/06/2026", "12/24/2026")] == [6, 12]


def test_a_time_without_an_offset_and_a_zone_is_refused() -> None:
    with pytest.raises(Unfit, match="without an offset"):
        instant_reader(["iso"], None)("2026-11-24 08:00")


def test_an_offset_is_a_zone_too() -> None:
    assert zone_named("-03:30").utcoffset(None) == timedelta(hours=-3, minutes=-30)


@pytest.mark.parametrize("name", ["Asia/Hanoi", "", "../UTC", "+25:00", "Asia"])
def test_a_zone_that_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(WrongFormat):
        zone_named(name)
