"""Who may ask: the partner's side of the signature, written apart from the client's."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from connectors.times import parse

USERNAME, SECRET = "truc-lien-thong", "bi-mat-thu-nghiem"
"""The simulator's own; nothing real is called so."""

WINDOW = timedelta(minutes=5)
_UNIT = re.compile(r"H(31|54)(\.[0-9A-Z.]+)?|[0-9.]+\.H(31|54)")


def is_proven(url: str, timestamp: str, authorization: str, now: datetime | None = None) -> bool:
    """Tell whether the headers of a call to ``url`` are this user's, signed within five minutes of now."""
    at = parse(timestamp)
    if at is None or abs((now or datetime.now(UTC)) - at) > WINDOW:
        return False
    digest = sha256((url + USERNAME + timestamp + SECRET).encode()).hexdigest()
    return hmac.compare_digest(_given(authorization), f"{USERNAME}:{digest}".encode())


def may_ask(unit: str) -> bool:
    """Tell whether a unit is one of the province's.

    >>> may_ask("H31.14"), may_ask("000.00.14.H54"), may_ask("H56")
    (True, True, False)
    """
    return _UNIT.fullmatch(unit) is not None


def _given(authorization: str) -> bytes:
    scheme, _, text = authorization.partition(" ")
    try:
        return b64decode(text, validate=True) if scheme == "Basic" else b""
    except ValueError:
        return b""
