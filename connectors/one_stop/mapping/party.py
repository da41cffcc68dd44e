"""Whose dossier it is, and who acted for whom. Telephone and e-mail stay with the partner, but for parcels."""

from __future__ import annotations

import re
from typing import Any

from connectors.one_stop.mapping.facts import code
from connectors.one_stop.mapping.item import Item

APPLICANT = ("ChuHoSo", "SoGiayToChuHoSo", "DinhDanhCHS", "LoaiDoiTuong", "MaDoiTuong")
"""The fields that tell it."""

_SYSTEMS = (
    ("VN-PERSON", re.compile("[0-9]{12}")),
    ("VN-CMND", re.compile("[0-9]{9}")),
    ("VN-TAX", re.compile("[0-9]{10}(-[0-9]{3})?")),
)


def applicant(item: Item, kinds: str) -> dict[str, Any] | None:
    """Return the applicant; LoaiDoiTuong is read by the list ``kinds``, because partners use different ones."""
    party = {
        "name": item.text("ChuHoSo"),
        "number": number(item.text("SoGiayToChuHoSo") or item.part("DinhDanhCHS").text("SoDinhDanh")),
        "kind": code(kinds, item.text("LoaiDoiTuong")),
        "portalAccount": item.text("MaDoiTuong"),
    }
    return {**party, "phone": None, "email": None, "address": None} if any(party.values()) else None


def person(item: Item) -> dict[str, Any] | None:
    """Return a person of whom name and number are told: who acted for the applicant, who is to pay."""
    name, known = item.text("HoTen"), number(item.text("SoDinhDanh"))
    if name is None and known is None:
        return None
    unknown = dict.fromkeys(("kind", "portalAccount", "phone", "email", "address"))
    return {"name": name, "number": known, **unknown}


def number(text: str | None) -> dict[str, Any] | None:
    """Return a number as a code of the table that its shape is of."""
    return None if text is None else code(number_system(text), text)


def number_system(text: str) -> str:
    """Return the table that a number's shape is of; what the partner says of its kind is not always so.

    >>> number_system("034190001234"), number_system("000000001"), number_system("0100233488-001")
    ('VN-PERSON', 'VN-CMND', 'VN-TAX')
    """
    return next((system for system, shape in _SYSTEMS if shape.fullmatch(text)), "VN-PAPER")
