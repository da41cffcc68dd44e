"""Which rule belongs to which code system. What is not here is welcome unchecked."""

from __future__ import annotations

from collections.abc import Mapping

from schemas import codes
from schemas.rules.agency import agency_code
from schemas.rules.dossier import dossier_code
from schemas.rules.finding import Rule
from schemas.rules.listed import listed
from schemas.rules.person import person_number
from schemas.rules.procedure import procedure_code
from schemas.rules.tax import tax_code

RULES: Mapping[str, Rule] = {
    **{system: listed(system) for system in codes.systems()},
    "VN-AGENCY": agency_code,
    "VN-DOSSIER": dossier_code,
    "VN-PERSON": person_number,
    "VN-PROCEDURE": procedure_code,
    "VN-TAX": tax_code,
}
