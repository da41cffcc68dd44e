"""What a mapping writes for a field, and the value that a cell becomes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bus.errors import Unmappable
from tests.connectors.file_drop.making import event_of, fault_of

NOON = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def mapping(field: str, event: str, files: str = "") -> str:
    """Return a mapping whose one event has ``field`` beside what its contract needs."""
    code = "taxCode" if event.startswith("Business") else "dossierCode"
    needs = ["documentId: d1"] if event == "DocumentSent" else []
    fields = "".join(f"    {line}\n" for line in (f"{code}: {{constant: A1, codeSystem: TEST}}", *needs, field))
    head = f'source: test\nfiles: {{path: "*.csv"{files}}}\nkey: case\ntime: at\n'
    return f"{head}events:\n  type: {event}\n  fields:\n{fields}"


def a_row(cell: str) -> str:
    """Return an export of one row with ``cell`` in column x; y is empty, z holds ``zz``."""
    quoted = cell.replace('"', '""')
    return f'case,at,x,y,z\nA1,2026-11-24T12:00:00+07:00,"{quoted}",,zz\n'


def value_of(folder: Path, field: str, event: str, cell: str, files: str = "") -> Any:
    """Return what ``field`` became for a cell."""
    return event_of(folder, mapping(field, event, files), a_row(cell)).payload[field.partition(":")[0]]


TEXT = "DossierReceived"


@pytest.mark.parametrize(
    ("field", "event", "cell", "expected"),
    [
        ("summary: {column: x}", TEXT, " cấp lại  ", "cấp lại"),
        ("summary: {column: y}", TEXT, "", None),
        ("summary: plain text", TEXT, "", "plain text"),
        ("summary: {constant: plain text}", TEXT, "", "plain text"),
        ("summary: null", TEXT, "", None),
        ("summary: {column: y, if_empty: none}", TEXT, "", "none"),
        ("summary: {column: y, if_empty: {column: z}}", TEXT, "", "zz"),
        ('summary: {template: "{x}/{z}"}', TEXT, "a", "a/zz"),
        ('summary: {template: "{{{x}}}"}', TEXT, "a", "{a}"),
        ('summary: {template: "{y} {y}"}', TEXT, "a", None),
        ("summary: {first: [{column: y}, {column: x}, last]}", TEXT, "a", "a"),
        ("summary: {first: [{column: y}, {column: y}], if_empty: last}", TEXT, "a", "last"),
        ("summary: {column: x, map: {a: b}}", TEXT, "a", "b"),
        ("summary: {column: x, map: {a: b}, default: other}", TEXT, "z", "other"),
        ("summary: {column: x, map: {a: b}, default: {column: x}}", TEXT, "z", "z"),
        ("summary: {column: x, map: {a: b}, default: null}", TEXT, "z", None),
        ("summary: {column: x, map: {a: null}}", TEXT, "a", None),
        ("summary: {column: y, map: {a: b}, if_empty: c}", TEXT, "", "c"),
        ("identityVerified: {column: x}", TEXT, "TRUE", True),
        ("identityVerified: {column: x, map: {Có: true, Không: false}}", TEXT, "Không", False),
        ("copies: {column: x}", "ComponentAttached", "2.0", 2),
        ("sizeBytes: {column: x, thousands: '.', decimal: ','}", "ComponentAttached", "1.234.567", 1234567),
        ("foundedOn: {column: x}", "BusinessEstablished", "2024-02-29", date(2024, 2, 29)),
        ("foundedOn: {column: x, format: dd/MM/yyyy}", "BusinessEstablished", "29/02/2024", date(2024, 2, 29)),
    ],
)
def test_a_single_value_is_read_as_its_field_asks(
    tmp_path: Path, field: str, event: str, cell: str, expected: object
) -> None:
    assert value_of(tmp_path, field, event, cell) == expected


def a_code(code: str, system: str = "S", valid_at: date | None = None) -> dict[str, Any]:
    """Return a code as the contract has it."""
    return {"code": code, "codeSystem": system, "validAt": valid_at}


@pytest.mark.parametrize(
    ("field", "event", "cell", "expected"),
    [
        ("channel: {column: x, codeSystem: S}", TEXT, "2", a_code("2")),
        ("channel: {code: '2', codeSystem: S}", TEXT, "", a_code("2")),
        ("channel: {constant: '2', codeSystem: S}", TEXT, "", a_code("2")),
        ("channel: {column: x, map: {web: '2'}, codeSystem: {column: z}}", TEXT, "web", a_code("2", "zz")),
        ("channel: {column: y, codeSystem: S}", TEXT, "", None),
        ("channel: {code: {column: y}, codeSystem: S}", TEXT, "", None),
        ("place: {column: x, codeSystem: S, validAt: 2025-07-01}", TEXT, "1", a_code("1", "S", date(2025, 7, 1))),
        ("amount: {column: x, currency: EUR}", "FeeAsked", "36.5", {"amount": Decimal("36.50"), "currency": "EUR"}),
        (
            "amount: {column: x, decimal: ',', thousands: '.', currency: VND}",
            "FeeAsked",
            "1.250.000,50",
            {"amount": Decimal("1250000.50"), "currency": "VND"},
        ),
        ("dueAt: {column: x}", "SupplementAsked", "2026-11-24T12:00:00+07:00", {"at": NOON, "text": None}),
        (
            "dueAt: {column: x, format: [dd/MM/yyyy HH:mm, dd/MM/yyyy], zone: Asia/Ho_Chi_Minh}",
            "SupplementAsked",
            "24/11/2026 12:00",
            {"at": NOON, "text": "24/11/2026 12:00"},
        ),
        ("applicant: {name: {column: y}, number: {column: y, codeSystem: VN-PERSON}}", TEXT, "", None),
        ("representatives: [{column: x}, {column: y}, fixed]", "BusinessEstablished", "a", ["a", "fixed"]),
        ("representatives: {column: x, split: ';'}", "BusinessEstablished", "a; b;;c", ["a", "b", "c"]),
        ("representatives: {column: x}", "BusinessEstablished", "a;b", ["a;b"]),
        ("representatives: {column: y, split: ';'}", "BusinessEstablished", "", []),
        ("toAgencies: {column: x, split: '|', codeSystem: S}", "DocumentSent", "H1|H2", [a_code("H1"), a_code("H2")]),
        ("toAgencies: [{column: x, codeSystem: S}]", "DocumentSent", "H1", [a_code("H1")]),
    ],
)
def test_records_and_lists_are_filled_field_by_field_or_from_their_main_cell(
    tmp_path: Path, field: str, event: str, cell: str, expected: object
) -> None:
    assert value_of(tmp_path, field, event, cell) == expected


def test_a_record_within_a_record_has_all_its_fields(tmp_path: Path) -> None:
    field = "applicant: {name: {column: x}, address: {text: {column: z}}}"
    applicant = value_of(tmp_path, field, TEXT, "Nguyễn Văn An")
    assert (applicant["name"], applicant["number"], applicant["address"]["text"]) == ("Nguyễn Văn An", None, "zz")


def test_a_list_of_records_takes_other_columns_too(tmp_path: Path) -> None:
    field = "activities: [{code: {column: x, codeSystem: S}, name: {column: z}}]"
    (activity,) = value_of(tmp_path, field, "BusinessEstablished", "0111")
    assert activity == {"code": a_code("0111"), "name": "zz", "main": None}


def test_texts_that_mean_nothing_are_empty(tmp_path: Path) -> None:
    field = "summary: {column: x, if_empty: nothing}"
    assert value_of(tmp_path, field, TEXT, "NIL", ", empty: [NIL, nan]") == "nothing"


def test_how_the_files_write_holds_for_every_value(tmp_path: Path) -> None:
    files = ", time_format: dd/MM/yyyy HH:mm, zone: Asia/Ho_Chi_Minh, decimal: ',', thousands: '.'"
    text = mapping("amount: {column: x, currency: VND}", "FeeAsked", files)
    event = event_of(tmp_path, text, 'case,at,x\nA1,24/11/2026 12:00,"1.000,5"\n')
    assert (event.time, event.payload["amount"]["amount"]) == (NOON, Decimal("1000.50"))
    assert event.payload["sourceTime"] == "24/11/2026 12:00"


@pytest.mark.parametrize(
    ("field", "event", "cell", "message"),
    [
        ("summary: {column: x, map: {a: b}}", TEXT, "z", "column `x` holds a code that `map:` does not know"),
        ("identityVerified: {column: x}", TEXT, "maybe", "column `x` is neither true nor false"),
        ("copies: {column: x}", "ComponentAttached", "2.5", "column `x` is not a whole number of 32 bits"),
        ("copies: {column: x}", "ComponentAttached", "9999999999", "column `x` is not a whole number of 32 bits"),
        ("foundedOn: {column: x}", "BusinessEstablished", "soon", "column `x` is not a time of format `iso`"),
        ("amount: {column: x, currency: EUR}", "FeeAsked", "36,50", "column `x` is not a number, for `amount.amount`"),
        ("amount: {column: x, currency: EUR}", "FeeAsked", "36.505", "more than 2 digits behind the decimal sign"),
        ("amount: {column: x, currency: EUR}", "FeeAsked", "1" * 17, "more than 16 digits before the decimal sign"),
        ("amount: {column: x, currency: EUR}", "FeeAsked", "NaN", "is not a number"),
        ("amount: {column: y, currency: EUR}", "FeeAsked", "", "`amount` of FeeAsked is empty: nothing stands in"),
        ("amount: {column: x, currency: {column: y}}", "FeeAsked", "1", "`amount.currency` of FeeAsked is empty"),
        ("dueAt: {column: x}", "SupplementAsked", "2026-11-24 12:00", "column `x` is a time without an offset"),
        ("channel: {code: {column: x}, codeSystem: {column: y}}", TEXT, "1", "`channel.codeSystem` of DossierReceived"),
    ],
)
def test_a_cell_that_does_not_fit_is_named_by_column_and_field_and_never_shown(
    tmp_path: Path, field: str, event: str, cell: str, message: str
) -> None:
    error = fault_of(tmp_path, mapping(field, event), a_row(cell))
    assert isinstance(error, Unmappable)
    assert message in str(error)
    assert error.hint
    assert len(cell) < 2 or cell not in str(error) + error.hint
