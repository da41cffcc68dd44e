from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from bus.envelope import Envelope, event_id, from_headers, to_headers
from bus.errors import InvalidEnvelope

VIETNAM = timezone(timedelta(hours=7))


def an_event(**changes: object) -> Envelope:
    facts: dict[str, object] = {
        "id": event_id("one-stop", "H56.14-261124-0001", "1"),
        "type": "DossierReceived",
        "source": "one-stop",
        "key": "H56.14-261124-0001",
        "time": datetime(2026, 11, 24, 9, 15, tzinfo=VIETNAM),
        "payload": {"channel": "counter"},
    }
    return Envelope(**(facts | changes))  # type: ignore[arg-type]


def test_an_event_comes_back_from_its_headers_with_its_time_in_utc() -> None:
    event = an_event(agency="H56.14", correlation="H56.14-261124-0001", causation=UUID(int=7))

    back = from_headers(to_headers(event), event.payload)

    assert back == an_event(
        agency="H56.14",
        correlation="H56.14-261124-0001",
        causation=UUID(int=7),
        time=datetime(2026, 11, 24, 2, 15, tzinfo=UTC),
    )


def test_headers_that_are_not_ours_are_kept_in_order() -> None:
    headers = (*to_headers(an_event()), ("x", b"1"), ("x", None), ("a", b"\xff"))

    assert from_headers(headers, {}).extra == (("x", b"1"), ("x", None), ("a", b"\xff"))


def test_the_id_of_a_fact_never_depends_on_when_it_is_asked_for() -> None:
    assert event_id("s", "n", "v") == event_id("s", "n", "v")


def test_parts_of_an_id_cannot_run_into_each_other() -> None:
    assert event_id("ab", "c") != event_id("a", "bc")


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"])
def test_a_missing_header_is_named(missing: str) -> None:
    headers = [header for header in to_headers(an_event()) if header[0] != missing]

    with pytest.raises(InvalidEnvelope, match=missing):
        from_headers(headers, {})


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InvalidEnvelope, match="time zone"):
        to_headers(an_event(time=datetime(2026, 11, 24)))  # noqa: DTZ001


@pytest.mark.parametrize(
    "text", ["noon", "2026-11-24T09:15:00", "0001-01-01T00:00:00+07:00", "9999-12-31T23:59:59-01:00"]
)
def test_a_time_that_is_none_or_lies_over_the_edge_of_the_calendar_is_refused(text: str) -> None:
    headers = tuple((name, text.encode() if name == "ce_time" else value) for name, value in to_headers(an_event()))
    with pytest.raises(InvalidEnvelope, match="ce_time"):
        from_headers(headers, {})
