"""JSON as Jackson writes it: the identity text must be Java's to the letter."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from registry.avro.nodes import Json

_ESCAPED = re.compile(r'[\x00-\x1f"\\]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def quoted(text: str) -> str:
    """Quote a text; only what must be is escaped, with capital digits."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    return _SHORT.get(found[0]) or f"\\u{ord(found[0]):04X}"


def json_text(value: Json) -> str:
    """Write a JSON value without blanks, its keys in their order."""
    match value:
        case str():
            return quoted(value)
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int():
            return str(value)
        case float():
            return java_double(value)
        case list():
            return f"[{','.join(map(json_text, value))}]"
        case _:
            return f"{{{','.join(f'{quoted(key)}:{json_text(part)}' for key, part in value.items())}}}"


def java_double(value: float) -> str:
    """Write a double as ``Double.toString`` does; what is no number is quoted.

    >>> java_double(1e10), java_double(0.00012), java_double(123.0), java_double(5e-324), java_double(float("nan"))
    ('1.0E10', '1.2E-4', '123.0', '4.9E-324', '"NaN"')
    """
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else f"{text}.0"
    shortest = Decimal(repr(value)).normalize()
    if len(shortest.as_tuple().digits) == 1:  # Java takes the nearest of two figures, which the least doubles show
        shortest = Decimal(f"{value:.1e}").normalize()
    sign, digits, exponent = shortest.as_tuple()
    figures = "".join(map(str, digits))
    power = int(exponent) + len(figures) - 1
    return f"{'-' if sign else ''}{figures[0]}.{figures[1:] or '0'}E{power}"
