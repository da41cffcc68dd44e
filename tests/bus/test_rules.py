"""The check of value rules: a hard finding keeps an event out, a soft one is counted and lets it go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from bus import metrics
from bus.envelope import Envelope
from bus.errors import ContractError, RuleBroken
from bus.rules import value_rules
from schemas.catalogue import load

CHECK = value_rules(load())
NOON = datetime(2026, 11, 24, 5, tzinfo=UTC)


def code(value: str, system: str) -> dict[str, Any]:
    """Return a code without a day of its own."""
    return {"code": value, "codeSystem": system, "validAt": None}


def an_event(time: datetime = NOON, event_type: str = "DossierReceived", **payload: Any) -> Envelope:
    """Return an event of a sound dossier, with these fields of its payload."""
    payload = {"dossierCode": code("H56.14-261124-0001", "VN-DOSSIER"), **payload}
    return Envelope(id=UUID(int=1), type=event_type, source="one-stop", key="k", time=time, payload=payload)


def noted(event_type: str, rule: str) -> float:
    """Return how many soft findings were counted."""
    labels = {"type": event_type, "rule": rule}
    return metrics.REGISTRY.get_sample_value("lienthong_rule_notes_total", labels) or 0.0


def test_a_sound_event_passes() -> None:
    CHECK(an_event(channel=code("2", "VN-CHANNEL"), place=code("14758", "GSO-2025")))


def test_a_hard_finding_is_an_error_of_the_contract_that_names_path_and_rule() -> None:
    with pytest.raises(RuleBroken) as refused:
        CHECK(an_event(applicant={"number": code("0100233480", "VN-TAX")}))
    assert isinstance(refused.value, ContractError)
    assert (refused.value.path, refused.value.rule) == ("applicant.number.code", "tax.check-digit")
    assert refused.value.code == "LT-E2403"


def test_an_error_tells_where_and_what_to_do_but_never_the_value() -> None:
    with pytest.raises(RuleBroken) as refused:
        CHECK(an_event(applicant={"number": code("172345678", "VN-PERSON")}))
    assert str(refused.value) == "applicant.number.code is not twelve digits (rule person.digits)"
    assert "codeSystem of its own" in refused.value.hint
    assert "172345678" not in refused.value.hint


def test_all_hard_findings_of_an_event_are_named() -> None:
    with pytest.raises(RuleBroken, match=r"sourceStatus\.code breaks code\.unknown"):
        CHECK(an_event(channel=code("9", "VN-CHANNEL"), sourceStatus=code("11", "VN-DOSSIER-STATUS")))


def test_a_soft_finding_is_counted_and_stops_nothing() -> None:
    before = noted("DossierReceived", "person.birthplace")
    CHECK(an_event(applicant={"number": code("003095001234", "VN-PERSON")}))
    assert noted("DossierReceived", "person.birthplace") == before + 1


def test_an_event_that_is_refused_counts_no_soft_finding() -> None:
    before = noted("DossierReceived", "person.birthplace")
    with pytest.raises(RuleBroken):
        CHECK(an_event(applicant={"number": code("003095001234", "VN-PERSON")}, channel=code("9", "VN-CHANNEL")))
    assert noted("DossierReceived", "person.birthplace") == before


def test_the_day_of_an_event_is_vietnam_s() -> None:
    """At 17:00 UTC a new day begins there, and with this one another system of units."""
    place = {"place": code("34", "GSO-pre2025")}
    CHECK(an_event(datetime(2025, 6, 30, 16, 59, tzinfo=UTC), "DossierSubmitted", **place))
    with pytest.raises(RuleBroken, match="since 2025-07-01"):
        CHECK(an_event(datetime(2025, 6, 30, 17, 0, tzinfo=UTC), "DossierSubmitted", **place))


def test_a_closed_agency_passes_in_2024_and_is_refused_in_2026() -> None:
    agency = {"receivingAgency": code("H54.3", "VN-AGENCY")}
    CHECK(an_event(datetime(2024, 11, 24, 5, tzinfo=UTC), "DossierSubmitted", **agency))
    with pytest.raises(RuleBroken, match=r"receivingAgency\.code"):
        CHECK(an_event(NOON, "DossierSubmitted", **agency))


def test_another_country_s_case_passes_under_its_own_system() -> None:
    CHECK(an_event(dossierCode=code("S39451", "IT-FINE"), sourceStatus=code("Send Fine", "IT-FINE-ACTIVITY")))


def test_an_event_type_that_the_catalogue_does_not_know_is_left_to_the_codec() -> None:
    CHECK(an_event(event_type="BridgeOpened", number=code("x", "VN-PERSON")))


def test_the_last_moment_of_the_calendar_is_a_day_too() -> None:
    CHECK(an_event(datetime(9999, 12, 31, 23, tzinfo=UTC), "DossierSubmitted"))
