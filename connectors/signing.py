"""Proving that a notice is the partner's: constant-time comparison, and the signatures of Standard Webhooks.

A sender of Standard Webhooks signs ``id.timestamp.body`` with HMAC-SHA256 and sends ``webhook-id``,
``webhook-timestamp`` (seconds) and ``webhook-signature`` (``v1,BASE64``, one for each key, parted by spaces). Its
keys are written ``whsec_BASE64``. Several of ours may be active, so that a key is changed without losing a notice.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from bus.errors import ConfigError, NotProven
from connectors.config import Secret
from connectors.sdk import Call

WINDOW_S = 300
"""How far a notice's time may be from ours, either way: an older one may be somebody's copy."""

_PREFIX = "whsec_"
_MIN_KEY_BYTES = 16
_MAX_ID = 256
_MAX_DIGITS = 12
_MAX_SIGNATURES = 16


def same(given: str, expected: str) -> bool:
    """Compare in a time that tells nothing of where they differ; any text may be given.

    >>> same("a1", "a1"), same("é", "a1")
    (True, False)
    """
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))


def signing_key(secret: Secret, place: str) -> bytes:
    """Return the bytes of a key that is written ``whsec_BASE64``; ``place`` names its setting.

    Raises :class:`~bus.errors.ConfigError`.
    """
    text = secret.reveal()
    try:
        if not text.startswith(_PREFIX):
            raise ValueError
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (ValueError, binascii.Error):
        raise ConfigError(f"{place} is no signing key", hint=f"It is written `{_PREFIX}` and base64.") from None
    if len(key) < _MIN_KEY_BYTES:
        raise ConfigError(f"{place} is too short to sign with", hint=f"Take at least {_MIN_KEY_BYTES} random bytes.")
    return key


def signature(key: bytes, notice_id: str, timestamp_s: int, body: bytes) -> str:
    """Return what a sender puts into ``webhook-signature`` for one key."""
    return "v1," + base64.b64encode(_digest(key, notice_id.encode(), str(timestamp_s).encode(), body)).decode()


def signed(key: bytes, notice_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a notice, as a sender makes them."""
    return {
        "webhook-id": notice_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(key, notice_id, timestamp_s, body),
    }


def prove(call: Call, keys: Sequence[bytes], window_s: int = WINDOW_S) -> str:
    """Return the id of a notice that one of ``keys`` signed, within ``window_s`` of when it came.

    Raises :class:`~bus.errors.NotProven`, which does not say what was sent.
    """
    notice_id, timestamp = _header(call, "webhook-id"), _header(call, "webhook-timestamp")
    if not 0 < len(notice_id) <= _MAX_ID or b"." in notice_id:  # a stop inside would let the parts be cut elsewhere
        raise NotProven("a notice has no usable webhook-id")
    if not timestamp.isdigit() or len(timestamp) > _MAX_DIGITS:
        raise NotProven("a notice's webhook-timestamp is no number of seconds")
    expected = [base64.b64encode(_digest(key, notice_id, timestamp, call.body)) for key in keys]
    if not _any_matches(_header(call, "webhook-signature"), expected):
        raise NotProven("a notice's webhook-signature is not one of our keys'")
    if abs(int(timestamp) - call.at // 1000) > window_s:
        raise NotProven(f"a notice's webhook-timestamp is more than {window_s} s from our clock")
    return notice_id.decode("utf-8", "replace")


def _any_matches(header: bytes, expected: Sequence[bytes]) -> bool:
    """Compare each with each, and stop at none, so that the time tells nothing of the keys."""
    found = False
    for given in header.split(b" ")[:_MAX_SIGNATURES]:
        version, _, value = given.partition(b",")
        for each in expected:
            found |= hmac.compare_digest(value, each) and version == b"v1"
    return found


def _digest(key: bytes, notice_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    return hmac.new(key, b".".join((notice_id, timestamp, body)), hashlib.sha256).digest()


def _header(call: Call, name: str) -> bytes:
    """Return a header as the bytes that came: servers read them as Latin-1."""
    text = call.headers.get(name, "")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
