"""What is asked of the database for one event, held against the reason that every look must have. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from bus.envelope import Envelope
from bus.errors import Unmappable
from connectors import times

SERVICE = "003"
"""MaTichHop of XacThucThongTinCongDan."""

NAME, BIRTH = "HoVaTen", "NgayThangNamSinh"
"""The partner's names of the fields that it compares, beside the number."""

_NUMBERS = {"VN-PERSON": ("soDinhDanh", re.compile("[0-9]{12}")), "VN-CMND": ("soCMND", re.compile("[0-9]{9}"))}
_PLACEHOLDER = "000"
"""No province has it: systems write 000000001 for a person without papers."""

_PROCEDURE = re.compile(r"([0-9]\.[0-9]{6})(?:\..+)?")
_MAX = {"requestNumber": 40, "officerNumber": 20, "askingAgency": 35, "fullName": 100}
_WHY = "Every look needs a procedure (its purpose), an official who answers for it, and a person's number."


class Look(Struct, frozen=True, kw_only=True):
    """One request to compare; ``fields`` are what the partner's JSON profile takes, ``asked`` the names asked for."""

    number: str
    fields: Mapping[str, str]
    asked: tuple[str, ...]


def look(event: Envelope, unit: str) -> Look:
    """Return what an event asks; ``unit`` asks where the event names no agency.

    Raises :class:`~bus.errors.Unmappable` for what must not be asked, with the field's name and never its value.
    """
    told = event.payload
    _check_service(told)
    kind, number = _person(told)
    fields = {
        "maYeuCau": _needed(told, "requestNumber"),
        "maTichHop": SERVICE,
        "maDVC": _procedure(told),
        "maCanBo": _needed(told, "officerNumber"),
        "maDonVi": _text(told, "askingAgency") or unit,
        "thoiGianYeuCau": times.told(event.time),
        kind: number,
        **_compared(told),
    }
    return Look(number=fields["maYeuCau"], fields=fields, asked=tuple(told.get("fieldsAsked", ())))


def _check_service(told: Mapping[str, Any]) -> None:
    if _text(told, "service") not in ("", SERVICE):
        raise Unmappable("`service` is not the one that verifies a citizen", hint=f"It is {SERVICE}, or left out.")


def _person(told: Mapping[str, Any]) -> tuple[str, str]:
    number = _needed(told, "person")
    field, shape = _NUMBERS.get(told["person"]["codeSystem"], ("", None))
    if shape is None or not shape.fullmatch(number) or number.startswith(_PLACEHOLDER):
        raise Unmappable(
            "`person` is no number of a citizen", hint="VN-PERSON has twelve digits, VN-CMND nine; 000 begins none."
        )
    return field, number


def _procedure(told: Mapping[str, Any]) -> str:
    """Return the national code: MaDVC takes 20 characters, and a code with its agency has 22."""
    found = _PROCEDURE.fullmatch(_needed(told, "procedure"))
    if found is None:
        raise Unmappable("`procedure` is no procedure code", hint="It is 1.010708, or 1.010708.000.00.00.H56.")
    return found[1]


def _compared(told: Mapping[str, Any]) -> dict[str, str]:
    name, born = _text(told, "fullName"), _text(told, "birthDate")
    if not name and not born:
        raise Unmappable("`fullName` and `birthDate` are missing: nothing can be compared", hint="Give at least one.")
    birth = {} if not born else {"nam" if len(born) == 4 else "ngayThangNam": _born(born)}
    return {"hoVaTen": name.upper()} | birth if name else birth


def _born(text: str) -> str:
    """Return a day or a year of birth: births of which only the year is known are real."""
    if not (text.isascii() and text.isdigit() and len(text) in (4, 8)) or not _is_day(text):
        raise Unmappable("`birthDate` is no day and no year", hint="It is written yyyyMMdd, or yyyy.")
    return text


def _is_day(text: str) -> bool:
    try:
        datetime(int(text[:4]), int(text[4:6] or "1"), int(text[6:] or "1"), tzinfo=UTC)
    except ValueError:
        return False
    return True


def _needed(told: Mapping[str, Any], name: str) -> str:
    text = _text(told, name)
    if not text:
        raise Unmappable(f"a look without a reason: `{name}` is missing", hint=_WHY)
    return text


def _text(told: Mapping[str, Any], name: str) -> str:
    """Return a text, or a code's text; empty where there is none."""
    value = told.get(name)
    text = str(value["code"] if isinstance(value, Mapping) else value or "").strip()
    if len(text) > _MAX.get(name, len(text)):
        raise Unmappable(f"`{name}` is over {_MAX[name]} characters, which the partner does not take")
    return text
