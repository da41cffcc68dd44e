"""From an agency's export to an auditor's question: a mapping file alone, no code, on the shipped example."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.journeys.conftest import Call

EXAMPLE = Path(__file__).resolve().parents[2] / "connectors" / "file_drop" / "examples" / "road-fines.yaml"

# Invented fines in the columns of the example's export: one paid after a penalty, one appealed against.
FINES = """\
amount,article,case:concept:name,concept:name,dismissal,expense,lastSent,lifecycle:transition,notificationType,org:resource,paymentAmount,points,time:timestamp,totalPaymentAmount,vehicleClass
35.0,157.0,X1,Create Fine,NIL,,,complete,,537,,0.0,2006-01-10 00:00:00+01:00,0.0,A
,,X1,Send Fine,,11.0,,complete,,,,,2006-02-01 00:00:00+01:00,,
,,X1,Insert Fine Notification,,,P,complete,P,,,,2006-02-20 00:00:00+01:00,,
71.5,,X1,Add penalty,,,,complete,,,,,2006-04-21 00:00:00+02:00,,
,,X1,Payment,,,,complete,,,82.5,,2006-05-02 00:00:00+02:00,82.5,
33.6,7.0,X2,Create Fine,NIL,,,complete,,541,,0.0,2006-01-11 00:00:00+01:00,0.0,A
,,X2,Appeal to Judge,NIL,,,complete,,,,,2006-02-11 00:00:00+01:00,,
"""


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    (tmp_path / "road-fines.csv").write_text(FINES, "utf-8")
    return Path(shutil.copy(EXAMPLE, tmp_path))


def test_a_mapping_makes_dossier_postal_and_payment_events_and_history_tells_them(call: Call, mapping: Path) -> None:
    books = call("connector", "run", "file-drop", "--config", mapping, "--once").data
    assert books == {"rows": 7, "published": 9, "deduplicated": 0, "dead_lettered": 0}
    history = call("dossier", "history", "X1", "--json")
    assert [event["type"] for event in history.data["events"]] == [
        "DossierReceived", "FeeAsked", "PostalOrdered", "PostalStatusChanged", "FeeAsked", "PaymentConfirmed",
    ]  # fmt: skip
    assert (history.code, history.data["completeness"]["complete"]) == (0, True)


def test_the_same_export_under_another_name_tells_nothing_twice(call: Call, mapping: Path) -> None:
    call("connector", "run", "file-drop", "--config", mapping, "--once")
    shutil.copy(mapping.with_name("road-fines.csv"), mapping.with_name("exported-again.csv"))
    other = mapping.read_text("utf-8").replace("path: road-fines.csv", "path: exported-again.csv")
    mapping.write_text(other, "utf-8")
    books = call("connector", "run", "file-drop", "--config", mapping, "--once").data
    assert (books["rows"], books["published"], books["deduplicated"]) == (7, 0, 9)


def test_an_auditor_sees_what_the_bus_knew_then(call: Call, mapping: Path) -> None:
    call("connector", "run", "file-drop", "--config", mapping, "--once")
    before = call("dossier", "history", "X1", "--as-of", "2020-01-01", "--json")
    assert (before.code, before.data["events"]) == (3, [])


def test_a_payment_is_found_by_its_reference_and_its_amount_is_exact(call: Call, mapping: Path) -> None:
    call("connector", "run", "file-drop", "--config", mapping, "--once")
    found = call("event", "search", "--id", "payment:X1", "--type", "PaymentConfirmed", "--json").data["events"]
    assert [event["payload"]["amount"] for event in found] == [{"amount": "82.50", "currency": "EUR"}]


def test_a_row_that_was_buried_is_told_once_its_export_is_corrected(call: Call, mapping: Path) -> None:
    file = mapping.with_name("road-fines.csv")
    file.write_text(FINES.replace("82.5,,2006-05-02", "eighty,,2006-05-02"), "utf-8")
    first = call("connector", "run", "file-drop", "--config", mapping, "--once")
    assert (first.code, first.data["published"], first.data["dead_lettered"]) == (7, 8, 1)
    (group,) = call("deadletter", "list", "--json").data["causes"]
    assert (group["code"], group["letters"]) == ("LT-E2402", 1)
    file.write_text(FINES, "utf-8")
    second = call("connector", "run", "file-drop", "--config", mapping, "--once")
    assert (second.code, second.data["published"], len(_types(call))) == (0, 1, 6)


def _types(call: Call) -> list[str]:
    return [event["type"] for event in call("dossier", "history", "X1", "--json").data["events"]]
