"""The ways that parcels go: a function of (seed, order number, the time that the order was given with). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from connectors.simulation.chance import source
from connectors.times import VIETNAM
from schemas.codes import table

WRITING = "%d/%m/%Y %H:%M:%S"
_DELIVERED = {"VNPOST": ("7", "10", "11", "12", "14"), "VNPOST-LEGACY": ("20", "70", "70", "91", "100")}
_RETURNED = {"VNPOST": ("7", "10", "12", "15", "19"), "VNPOST-LEGACY": ("20", "70", "91", "161", "170")}
_SOMETIMES = {"VNPOST": 2, "VNPOST-LEGACY": 3}
"""Where the status stands that half of the parcels do not have."""

_COD_PAID = {"VNPOST": "21", "VNPOST-LEGACY": "120"}
_CANCELLED = {"VNPOST": "22", "VNPOST-LEGACY": "60"}
_OFFICES = ("160000", "161010", "163200", "410000", "411500")
_RETURNED_SHARE = 0.04


class Planned(NamedTuple):
    """A row of the tracking list, without its id, and how long after the order it shows up, in seconds."""

    after_s: float
    row: dict[str, Any]


class Parcel(NamedTuple):
    """An order, as far as its way depends on it."""

    customer: str
    number: str
    created: datetime
    cod: int


def way(seed: int, parcel: Parcel) -> Sequence[Planned]:
    """Return what will be told of a parcel: four or five statuses to its end, and the cash that is paid out."""
    chance = source(seed, "way", parcel.number)
    name, iso = _drawn(chance)
    is_returned = chance.random() < _RETURNED_SHARE
    statuses = list((_RETURNED if is_returned else _DELIVERED)[name])
    if chance.random() < 0.5:
        del statuses[_SOMETIMES[name]]
    if parcel.cod and not is_returned:
        statuses.append(_COD_PAID[name])
    item, at, after_s = f"EB{chance.randrange(10**9):09}VN", parcel.created, 0.0
    told = []
    for status in statuses:
        at += timedelta(minutes=chance.randrange(40, 900), seconds=chance.randrange(60))
        after_s += chance.uniform(0.1, 0.3)
        row = _row(parcel, name, status, at, iso=iso)
        told.append(Planned(after_s, row | {"ItemCode": item, "POSID": chance.choice(_OFFICES)}))
    return told


def cancelled(seed: int, parcel: Parcel) -> Planned:
    """Return what is told of a parcel that was cancelled."""
    name, iso = _drawn(source(seed, "way", parcel.number))
    at = parcel.created + timedelta(minutes=30)
    return Planned(0.1, _row(parcel, name, _CANCELLED[name], at, iso=iso) | {"ItemCode": None, "POSID": None})


def _drawn(chance: Random) -> tuple[str, bool]:
    """Return the list that a parcel's statuses are of, and whether its times are written by ISO 8601."""
    return chance.choice(("VNPOST", "VNPOST-LEGACY")), chance.random() < 0.5


def _row(parcel: Parcel, name: str, status: str, at: datetime, *, iso: bool) -> dict[str, Any]:
    here = at.astimezone(VIETNAM)
    return {
        "CustomerCode": parcel.customer, "OrderNumber": parcel.number,
        "EventTime": here.isoformat() if iso else here.strftime(WRITING),
        "StatusCode": status, "StatusMessage": table(name).periods(status)[0].vi, "StatusList": name, "Notes": None,
        "CODAmount": parcel.cod if status == _COD_PAID[name] else None,
    }  # fmt: skip
