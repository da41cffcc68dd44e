"""Value rules: pure functions that say what is wrong with a value, by rule and place, and never the value itself.

A rule belongs to a code system (:data:`RULES`), to an event type or to a field's own properties; :func:`bind` puts
them at their places in a contract. A code of another system is welcome unchecked. That text is in NFC is the codec's to
see, for every string alike.
"""

from __future__ import annotations

from schemas.rules.amounts import sums_to
from schemas.rules.binding import bind
from schemas.rules.checks import Bound
from schemas.rules.dossier import DossierCode, parse_dossier_code
from schemas.rules.finding import Finding, Rule, Severity
from schemas.rules.order import in_order
from schemas.rules.person import person_number
from schemas.rules.systems import RULES
from schemas.rules.tax import check_digit
from schemas.rules.transition import transition

__all__ = [
    "RULES",
    "Bound",
    "DossierCode",
    "Finding",
    "Rule",
    "Severity",
    "bind",
    "check_digit",
    "in_order",
    "parse_dossier_code",
    "person_number",
    "sums_to",
    "transition",
]
