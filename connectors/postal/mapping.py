"""Our events and the partner's things, both ways. Pure: no call is made here, and no clock is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from unicodedata import normalize

from msgspec import Meta, Struct, field

from bus.envelope import Envelope, event_id
from bus.errors import Unmappable
from connectors.postal.config import Config
from connectors.sdk import Fetched
from connectors.times import VIETNAM
from schemas.rules import parse_dossier_code

_WRITING = "%d/%m/%Y %H:%M:%S"
_COD_PAID = (("VNPOST", "21"), ("VNPOST-LEGACY", "120"))
_LISTS = ("VNPOST", "VNPOST-LEGACY")

Needed = Annotated[str, Meta(min_length=1)]


# -- to the partner -------------------------------------------------------------------------------------


def order_number(event: Envelope) -> str:
    """Return the number by which the post knows the order. Raises :class:`~bus.errors.Unmappable`."""
    number: str = event.payload["orderNumber"]
    if not number.strip() or not number.isprintable() or len(number) > 100:
        raise Unmappable("`orderNumber` is empty or no number that the post takes")
    return number


def order(event: Envelope, config: Config) -> Mapping[str, Any]:
    """Return a PostalOrdered as the post takes it (MOrder). Raises :class:`~bus.errors.Unmappable`."""
    told = event.payload
    return {
        "CustomerCode": told["customerCode"] or config.customer,
        "OrderNumber": order_number(event),
        "CODAmount": _dong(told["cod"]),
        "Sender": _party(told["sender"]),
        "Receiver": _party(told["receiver"]),
        "Description": told["description"] or "",
        "ItemCode": "",
        "FlagConfig": 2,
        "CreatedDate": event.time.astimezone(VIETNAM).strftime(_WRITING),
    }


def _dong(money: Mapping[str, Any] | None) -> int:
    if money is None:
        return 0
    amount = money["amount"]
    if money["currency"] != "VND" or amount < 0 or amount != int(amount):
        raise Unmappable("`cod` is not of whole đồng", hint="The post collects whole đồng, and nothing else.")
    return int(amount)


def _party(party: Mapping[str, Any] | None) -> Mapping[str, str]:
    party = party or {}
    address = party.get("address") or {}
    lines = [address.get("text"), address.get("commune")]
    return {
        "Name": party.get("name") or "",
        "Tel": party.get("phone") or "",
        "Email": party.get("email") or "",
        "Address": ", ".join(line for line in lines if line),
        "District": address.get("district") or "",
        "Province": address.get("province") or "",
    }


# -- from the partner -----------------------------------------------------------------------------------


class Row(Struct, frozen=True, kw_only=True):
    """A row of the tracking list, in the partner's own words."""

    customer: Needed = field(name="CustomerCode")
    order: Needed = field(name="OrderNumber")
    time: str = field(name="EventTime")
    status: int | Needed = field(name="StatusCode")
    status_text: str | None = field(default=None, name="StatusMessage")
    status_list: str | None = field(default=None, name="StatusList")
    office: str | None = field(default=None, name="POSID")
    item: str | None = field(default=None, name="ItemCode")
    note: str | None = field(default=None, name="Notes")
    cod: Annotated[int, Meta(ge=0, lt=10**16)] | None = field(default=None, name="CODAmount")


def events(fetched: Fetched, config: Config) -> Sequence[Envelope]:
    """Return what a row tells: that the status changed, and that cash was paid out, where it was.

    Rows of other customers tell nothing. Raises :class:`~bus.errors.Unmappable` with the field, never its value.
    """
    row: Row = fetched.value
    if row.customer not in config.customers:
        return ()
    status = (_status_list(row, config), str(row.status))
    common = {
        "dossierCode": _code("VN-DOSSIER", row.order) if parse_dossier_code(row.order) else None,
        "orderNumber": row.order,
        "itemCode": _text(row.item),
        "status": _code(*status),
        "sourceTime": row.time,
        "rawHash": hashlib.sha256(fetched.raw).hexdigest(),
    }
    changed = {
        "statusText": _text(row.status_text),
        "postOffice": _code("VNPOST-POS", _text(row.office)),
        "note": _text(row.note),
    }
    told = [_event("PostalStatusChanged", common | changed, fetched, config)]
    if status in _COD_PAID and row.cod:
        paid = {"amount": {"amount": Decimal(row.cod), "currency": "VND"}, "reference": None}
        told.append(_event("PostalCodPaid", common | paid, fetched, config))
    return told


def moment(text: str) -> datetime:
    """Return a time in UTC; without an offset it is Vietnam's. Raises :class:`~bus.errors.Unmappable`.

    >>> moment("09/06/2026 08:15:00") == moment("2026-06-09T08:15:00+07:00")
    True
    """
    try:
        at = datetime.fromisoformat(text) if "T" in text else datetime.strptime(text, _WRITING).replace(tzinfo=VIETNAM)
        at = (at if at.tzinfo else at.replace(tzinfo=VIETNAM)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unmappable("a time is no time", hint="The post writes dd/MM/yyyy HH:mm:ss, or ISO 8601.") from error
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _event(event_type: str, payload: Mapping[str, Any], fetched: Fetched, config: Config) -> Envelope:
    row: Row = fetched.value
    return Envelope(
        id=event_id(config.name, fetched.native_id, "" if event_type == "PostalStatusChanged" else event_type),
        type=event_type,
        source=config.name,
        key=row.order,
        time=moment(row.time),
        payload=payload,
        agency=config.agency,
        correlation=row.order if payload["dossierCode"] else None,
    )


def _status_list(row: Row, config: Config) -> str:
    """Return which of the post's two lists a status is of: they share numbers and not meanings."""
    told = config.customers[row.customer]
    name = row.status_list if told == "item" else told
    if name not in _LISTS:
        raise Unmappable("`StatusList` names no list that is known here", hint=f"Known are {' and '.join(_LISTS)}.")
    return name


def _code(system: str, text: str | None) -> Mapping[str, Any] | None:
    return None if text is None else {"code": text, "codeSystem": system, "validAt": None}


def _text(text: str | None) -> str | None:
    return normalize("NFC", text or "").strip() or None
