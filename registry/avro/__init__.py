"""Avro's rules, as the Java library has them: parse, compare, canonical form, fingerprint, identity.

Pure functions over text; nothing is stored here and nobody is asked.
"""

from registry.avro.canonical import canonical_form
from registry.avro.compatibility import AMBIGUOUS_FIELD, TOO_COMPLEX, Verdict, incompatibilities, verdict
from registry.avro.fingerprint import fingerprint
from registry.avro.gone import gone_fields
from registry.avro.identity import identity
from registry.avro.logical import LogicalWarning, logical_warnings
from registry.avro.nodes import Schema
from registry.avro.parse import parse

__all__ = [
    "AMBIGUOUS_FIELD",
    "TOO_COMPLEX",
    "LogicalWarning",
    "Schema",
    "Verdict",
    "canonical_form",
    "fingerprint",
    "gone_fields",
    "identity",
    "incompatibilities",
    "logical_warnings",
    "parse",
    "verdict",
]
