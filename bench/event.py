"""The event of the engine's and the codec's rows.

It has twenty fields: a nested record of five, a list of three records of five, an enum, eight optional fields, four
timestamps, a date, a decimal and a uuid; 319 bytes in ASCII, a little more in Vietnamese.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def _record(full_name: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "record",
        "name": full_name,
        "fields": [{"name": key, "type": value} for key, value in fields.items()],
    }


_MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
_STATUS = {"type": "enum", "name": "Status", "symbols": ["RECEIVED", "ACCEPTED", "RETURNED"]}
_APPLICANT = _record(
    "Applicant", name="string", identifier="string", phone=["null", "string"], ward="string", province="string"
)
_DOCUMENT = _record("Document", code="string", title="string", pages="int", original="boolean", sha="string")
SCHEMA = json.dumps(
    _record(
        "vn.lienthong.bench.DossierReceived",
        dossierCode="string", procedureCode="string", agencyCode="string", status=_STATUS, applicant=_APPLICANT,
        documents={"type": "array", "items": _DOCUMENT}, receivedAt=_MILLIS, dueAt=["null", _MILLIS],
        acceptedAt=["null", _MILLIS], returnedAt=["null", _MILLIS], born={"type": "int", "logicalType": "date"},
        fee={"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
        requestId={"type": "string", "logicalType": "uuid"}, channel="string", note=["null", "string"],
        officer=["null", "string"], counter=["null", "int"], priority="int", paid="boolean",
        receipt=["null", "string"],
    )
)  # fmt: skip


def an_event(*, vietnamese: bool) -> dict[str, Any]:
    """Return the event of the rows, with ASCII or Vietnamese text in it."""
    name, ward, title = ("Nguyen Van An", "Phu Xuan", "Ban sao trich luc")
    if vietnamese:
        name, ward, title = ("Nguyễn Văn Ân", "Phường Phú Xuân", "Bản sao trích lục")
    moment = datetime(2026, 11, 24, 2, 15, 0, 123000, tzinfo=UTC)
    documents = [
        {"code": f"D{number}", "title": title, "pages": number, "original": number == 1, "sha": "9f86d081884c7d65"}
        for number in range(1, 4)
    ]
    return {
        "dossierCode": "H56.14-261124-00012", "procedureCode": "1.001193", "agencyCode": "H56.14",
        "status": "RECEIVED",
        "applicant": {"name": name, "identifier": "038090001234", "phone": None, "ward": ward,
                      "province": "Thua Thien"},
        "documents": documents, "receivedAt": moment, "dueAt": moment, "acceptedAt": moment, "returnedAt": None,
        "born": date(1990, 5, 17), "fee": Decimal("150000.00"),
        "requestId": UUID("6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57"), "channel": "counter", "note": title,
        "officer": name, "counter": 7, "priority": 2, "paid": True, "receipt": None,
    }  # fmt: skip
