"""A fact that the partner tells, and the event that it becomes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from msgspec import Struct

from bus.envelope import Envelope, event_id
from connectors.one_stop.mapping.item import Moment
from schemas.catalogue import load, parsed
from schemas.codes import table
from schemas.rules.dossier import parse_dossier_code

_ORDER = (
    "DossierSubmitted", "CitizenLookupAsked", "DossierWithdrawn", "DossierRefused", "DossierReceived",
    "ComponentAttached", "ComponentReused", "FeeAsked", "PaymentRequested", "PaymentConfirmed", "PaymentRefunded",
    "DossierStepDone", "SupplementAsked", "SupplementGiven", "AppointmentChanged", "DossierPaused", "DossierStopped",
    "ResultIssued", "DossierResolved", "PostalOrdered", "DossierReturned",
)  # fmt: skip
_RANK = {event_type: rank for rank, event_type in enumerate(_ORDER)}


NO_STATUS = "0"
"""Some systems write it while they exchange a dossier: it says nothing."""


class By(Struct, frozen=True, kw_only=True):
    """Who tells: the source's name, the agency that vouches, and the list that its LoaiDoiTuong codes are from.

    ``confirmed_elsewhere`` are methods of payment whose payments another connector confirms.
    """

    source: str
    agency: str
    applicant_kinds: str
    confirmed_elsewhere: frozenset[str] = frozenset()


class Fact(Struct, frozen=True, kw_only=True):
    """One fact: about a dossier, or a payment without one.

    ``own`` tells it apart among its subject's facts of this type. ``said`` is what the partner said of this fact, and
    nothing that may change for another reason: with ``time`` it is the fact's version. ``time`` is None where the
    partner gives no date; such a fact has the time of the snapshot in which it is first seen. ``causation`` is the
    event that it rests on, where the partner says so.
    """

    type: str
    subject: str
    dossier: str | None
    time: Moment | None
    payload: Mapping[str, Any]
    said: Mapping[str, Any]
    own: str = ""
    causation: UUID | None = None


def code(system: str, text: str | None, valid_at: date | None = None) -> dict[str, Any] | None:
    """Return a code with the name of its table, understood as on ``valid_at`` or on the event's day; None for none."""
    return None if text is None else {"code": text, "codeSystem": system, "validAt": valid_at}


def agency(text: str | None, dossier: str | None) -> dict[str, Any] | None:
    """Return an agency as a code, understood as on the day that the dossier's code names: agencies close."""
    parts = parse_dossier_code(dossier or "")
    return code("VN-AGENCY", text, None if parts is None else parts.day)


def status(text: str | None) -> dict[str, Any] | None:
    """Return a dossier's status as a code."""
    return code("VN-DOSSIER-STATUS", text)


def status_name(text: str) -> str | None:
    """Return the Vietnamese name of a dossier's status; None for one that is not known here.

    >>> status_name("4"), status_name("11")
    ('Đang xử lý', None)
    """
    known = table("VN-DOSSIER-STATUS").periods(text)
    return known[0].vi if known else None


def in_order(facts: Iterable[Fact], changed: Moment) -> Sequence[Fact]:
    """Return facts as they happened; those of one second in the order of a dossier's life."""
    return sorted(facts, key=lambda fact: ((fact.time or changed).at, _RANK[fact.type]))


def to_event(fact: Fact, changed: Moment, by: By) -> Envelope:
    """Return the event of a fact; its id depends on nothing but what was said of it."""
    moment = fact.time or changed
    said = digest(fact.said, fact.time)
    return Envelope(
        id=event_id(by.source, f"{fact.subject}/{fact.type}/{fact.own}", said),
        type=fact.type,
        source=by.source,
        key=fact.subject,
        time=moment.at,
        payload={
            **_absent(fact.type), "dossierCode": code("VN-DOSSIER", fact.dossier), **fact.payload,
            "sourceTime": moment.text, "rawHash": said,
        },
        agency=by.agency,
        correlation=fact.dossier,
        causation=fact.causation,
    )  # fmt: skip


@cache
def _absent(event_type: str) -> Mapping[str, Any]:
    """What the contract has for the fields that this partner does not tell: null, or an empty list."""
    fields = parsed(load().event(event_type))["fields"]
    return {field["name"]: field["default"] for field in fields if field.get("default", 0) in (None, [])}


def digest(said: Mapping[str, Any], time: Moment | None) -> str:
    """Return the SHA-256 of what was said of a fact, in hexadecimal: JSON with sorted names and no blanks.

    >>> digest({"b": "1", "a": "2"}, None) == digest({"a": "2", "b": "1"}, None)
    True
    """
    content = {**said, "": time.text if time else None}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
