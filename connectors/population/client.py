"""The call to the partner: one request, signed as its 2025 profile says. Nothing that it raises holds what was asked.

The signature covers address, user and time, not the body: so the profile has it, and TLS has to protect the rest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from bus.http import Http, Limits
from connectors import times
from connectors.population.answers import WHAT
from connectors.population.config import Settings

_MAX_ANSWER_BYTES = 256 * 1024


class Client:
    """Asks one partner. Not shared by threads."""

    def __init__(self, settings: Settings) -> None:
        config = settings.config
        self._endpoint = config.endpoint
        self._url = config.signed_url or config.base_url.rstrip("/") + config.endpoint
        self._username, self._secret = settings.username, settings.secret
        limits = Limits(
            connect_timeout_s=config.connect_timeout_s, read_timeout_s=config.read_timeout_s,
            max_answer_bytes=_MAX_ANSWER_BYTES,
        )  # fmt: skip
        headers = {"X-Road-Client": config.xroad_client} if config.xroad_client else {}
        if settings.api_key is not None:
            headers["ApiKey"] = settings.api_key.reveal()
        self._http = Http(config.base_url, limits, ca_file=settings.ca_file, headers=headers)

    def verify(self, fields: Mapping[str, str]) -> bytes:
        """Make the call, once, and return the answer's bytes. Raises as :meth:`bus.http.Http.post`."""
        user, now = self._username.reveal(), times.told(datetime.now(UTC))
        proof = signed(self._url, user, now, self._secret.reveal())
        return self._http.post(self._endpoint, WHAT, fields, headers=proof).body

    def close(self) -> None:
        """Close the connections. May be repeated."""
        self._http.close()


def signed(url: str, user: str, timestamp: str, secret: str) -> dict[str, str]:
    """Return the headers that prove who asks: ``base64(user:SHA256(url+user+timestamp+secret))``.

    Source: a client of 2025 that asks over X-Road (reference: domain.md 3.1).

    >>> signed("http://h/p", "u", "20260609081500", "s")["Timestamp"]
    '20260609081500'
    """
    digest = hashlib.sha256(f"{url}{user}{timestamp}{secret}".encode()).hexdigest()
    proof = base64.b64encode(f"{user}:{digest}".encode()).decode()
    return {"Timestamp": timestamp, "Authorization": f"Basic {proof}"}
