"""Rules stand at their places in a contract: wherever a code has a system, a text a limit, an event a rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from schemas.catalogue import load, parsed
from schemas.rules import bind
from tests.schemas.goldens import goldens, value_of

DAY = date(2026, 11, 24)
CODE = {
    "type": "record", "name": "Code", "namespace": "vn.lienthong.common",
    "fields": [
        {"name": "code", "type": "string"},
        {"name": "codeSystem", "type": "string"},
        {"name": "validAt", "type": ["null", {"type": "int", "logicalType": "date"}]},
    ],
}  # fmt: skip
BAD = {"code": "12", "codeSystem": "VN-PERSON", "validAt": None}


def record(*fields: dict[str, Any], name: str = "Trial") -> dict[str, Any]:
    """Return the contract of an event with these fields."""
    return {"type": "record", "name": name, "namespace": "vn.lienthong.trial", "fields": list(fields)}


def found(schema: dict[str, Any], payload: Any, day: date = DAY) -> list[tuple[str, str]]:
    """Return path and rule of each finding."""
    return [(each.path, each.rule) for each in bind(schema)(payload, day)]


@pytest.mark.parametrize("event_type", [entry.type for entry in load().events])
def test_a_full_event_of_every_type_passes(event_type: str) -> None:
    entry = load().event(event_type)
    check = bind(parsed(entry))
    for golden in goldens(event_type):
        assert check(value_of(entry.versions[golden.version - 1], golden.value), DAY) in ((), [])


@pytest.mark.parametrize(
    ("kind", "value", "path"),
    [
        (CODE, BAD, "x.code"),
        (["null", CODE], BAD, "x.code"),
        ({"type": "array", "items": CODE}, [BAD, BAD], "x[0].code x[1].code"),
        ({"type": "array", "items": ["null", CODE]}, [None, BAD], "x[1].code"),
        ({"type": "map", "values": CODE}, {"Nguyễn Văn A": BAD}, "x[0].code"),
        (record({"name": "y", "type": CODE}, name="Inner"), {"y": BAD}, "x.y.code"),
    ],
    ids=["plain", "optional", "list", "list of optional", "map", "record"],
)
def test_a_code_is_found_wherever_it_stands(kind: Any, value: Any, path: str) -> None:
    assert found(record({"name": "x", "type": kind}), {"x": value}) == [(one, "person.digits") for one in path.split()]


@pytest.mark.parametrize("name", ["vn.lienthong.common.Code", "Code"])
def test_a_code_that_was_defined_before_is_found_by_its_name(name: str) -> None:
    inner = {
        "type": "record",
        "name": "Inner",
        "namespace": "vn.lienthong.common",
        "fields": [{"name": "z", "type": name}],
    }
    schema = record({"name": "x", "type": CODE}, {"name": "y", "type": inner})
    assert found(schema, {"x": BAD | {"code": "038095001234"}, "y": {"z": BAD}}) == [("y.z.code", "person.digits")]


def test_of_several_records_the_named_one_is_judged() -> None:
    limited = record({"name": "t", "type": "string", "lienthong:maxLength": 1}, name="Limited")
    free = record({"name": "t", "type": "string"}, name="Free")
    schema = record({"name": "x", "type": [limited, free]})
    assert found(schema, {"x": ("vn.lienthong.trial.Limited", {"t": "ab"})}) == [("x.t", "text.length")]
    assert found(schema, {"x": ("vn.lienthong.trial.Free", {"t": "ab"})}) == []


def test_a_recursive_contract_is_judged_at_every_depth() -> None:
    node = record({"name": "of", "type": CODE}, {"name": "next", "type": ["null", "vn.lienthong.trial.Trial"]})
    chain = {"of": BAD, "next": {"of": BAD, "next": None}}
    assert found(node, chain) == [("of.code", "person.digits"), ("next.of.code", "person.digits")]


def test_a_case_number_of_another_country_passes_under_its_own_system() -> None:
    fine = {"code": "A100", "codeSystem": "IT-FINE", "validAt": None}
    assert found(record({"name": "dossierCode", "type": CODE}), {"dossierCode": fine}) == []


@pytest.mark.parametrize(("valid_at", "rules"), [(date(2024, 1, 1), []), (None, [("x.code", "agency.date")])])
def test_a_code_without_a_day_is_meant_as_of_the_event_s(valid_at: date | None, rules: list[tuple[str, str]]) -> None:
    code = {"code": "H54", "codeSystem": "VN-AGENCY", "validAt": valid_at}
    assert found(record({"name": "x", "type": CODE}), {"x": code}) == rules


def test_a_text_is_held_to_the_limit_of_its_field_in_characters() -> None:
    schema = record({"name": "x", "type": ["null", "string"], "lienthong:maxLength": 3})
    assert found(schema, {"x": "Huế"}) == found(schema, {"x": None}) == []
    assert found(schema, {"x": "Huế!"}) == [("x", "text.length")]


@pytest.mark.parametrize(
    "value",
    [
        1,
        "x",
        [],
        {},
        {"code": 5, "codeSystem": "VN-TAX"},
        {"code": "x", "codeSystem": ["VN-TAX"]},
        {"code": "x"},
        ("a",),
    ],
)
def test_what_the_codec_will_refuse_is_left_to_it(value: Any) -> None:
    kinds = [CODE, {"type": "array", "items": CODE}, {"type": "map", "values": CODE}, [CODE, "string"]]
    for kind in kinds:
        assert found(record({"name": "x", "type": kind}), {"x": value}) == []
    assert found(record({"name": "x", "type": CODE}), value) == []


def test_a_dossier_s_code_of_another_day_than_its_reception_is_noted() -> None:
    schema = dict(parsed(load().event("DossierReceived")))
    payload = {"dossierCode": {"code": "H56.14-261124-0001", "codeSystem": "VN-DOSSIER", "validAt": None}}
    assert found(schema, payload) == []
    assert found(schema, payload, date(2026, 11, 25)) == [("dossierCode.code", "dossier-code.reception")]


def money(amount: Any, currency: str = "VND") -> dict[str, Any]:
    """Return an amount of money as a payload holds it."""
    return {"amount": amount, "currency": currency}


@pytest.mark.parametrize(
    ("fees", "rules"),
    [
        ([], []),
        ([money(Decimal(60)), money(Decimal(40))], []),
        ([money(Decimal(60))], [("amount", "amount.sum")]),
        ([money(Decimal(60), "USD")], []),
        ([money(Decimal("NaN"))], []),
        ([money(60)], []),
    ],
    ids=["none", "sum", "no sum", "two currencies", "no number", "no decimal"],
)
def test_a_payment_is_the_sum_of_its_fees(fees: list[Any], rules: list[tuple[str, str]]) -> None:
    schema = dict(parsed(load().event("PaymentRequested")))
    assert found(schema, {"amount": money(Decimal(100)), "fees": [{"amount": fee} for fee in fees]}) == rules


def test_a_step_that_is_due_before_it_began_is_noted() -> None:
    schema = dict(parsed(load().event("DossierStepDone")))
    began, due = datetime(2026, 11, 24, 3, tzinfo=UTC), datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert found(schema, {"startedAt": {"at": began}, "dueAt": {"at": due}}) == [("dueAt", "dates.order")]
    assert found(schema, {"startedAt": {"at": began}, "dueAt": None}) == []


def test_a_suspension_that_ends_before_it_begins_is_noted() -> None:
    schema = dict(parsed(load().event("BusinessSuspended")))
    payload = {"suspendedFrom": DAY, "suspendedUntil": date(2026, 11, 1)}
    assert found(schema, payload) == [("suspendedUntil", "dates.order")]
