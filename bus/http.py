"""Calls to partners over HTTP: the only module that imports requests.

It never follows a redirect, reads no more than it was told to, waits no longer than it was told to, never retries, and
turns every failure into one of our errors by its class. Nothing that it raises holds an address with what was asked,
a header, or what an answer said; neither does its cause, so there is none: a traceback would print it.
"""

from __future__ import annotations

import json as _json
import logging
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import requests
from msgspec import Struct
from requests.exceptions import ConnectTimeout, InvalidURL, RequestException, SSLError
from requests.exceptions import InvalidHeader as InvalidHeaderOfOurs
from requests.utils import get_environ_proxies

# requests brings it, and lets its errors through where a body is read piece by piece.
from urllib3.exceptions import HTTPError, InvalidHeader, NewConnectionError

from bus.errors import ConnectorError, CredentialsRefused, PartnerUnavailable, RequestRefused

T = TypeVar("T")

_PIECE_BYTES = 64 * 1024
_MAX_WAIT_S = 86_400.0
_UNAUTHORISED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_NOT_YET = (
    HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE,
)  # fmt: skip
"""The partner says that it did not take the request."""

_FAILED = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
"""The partner, or what stands before it, failed somewhere on the way: it may have acted."""

_LINE_BROKE = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""What TLS calls a dropped connection: no word about certificates."""


# Its warnings quote whole addresses, and headers that it could not parse.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class Limits(Struct, frozen=True, kw_only=True):
    """How long to wait, in seconds, and how much to read.

    ``read_timeout_s`` holds for each wait, and for a whole body, which is looked at after each piece.
    """

    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    max_answer_bytes: int = 8 * 1024 * 1024


class Reply(Struct, frozen=True, kw_only=True):
    """A whole answer with a status of 2xx, or one that was asked for. Header names are lower case.

    ``seen_at`` is a time, by the partner's clock, at which it had not yet looked at its data; None without a Date.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    seen_at: datetime | None

    def json(self, what: str) -> Any:
        """Return the body as JSON. Raises :class:`~bus.errors.PartnerUnavailable`: no whole answer is no answer."""
        try:
            return _json.loads(self.body)
        except (ValueError, RecursionError):
            pass  # what is raised below has no cause: this one holds the body
        raise self._no_answer(what)

    def read(self, kind: type[T], what: str) -> T:
        """Return the body as a ``kind`` of msgspec's, read as JSON; otherwise as :meth:`json`.

        An answer of another shape is no whole one either: a gateway's own words, or those of another version.
        """
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # as above
        raise self._no_answer(what)

    def _no_answer(self, what: str) -> PartnerUnavailable:
        kind = "a web page" if self.body.lstrip()[:1] == b"<" else "no whole answer in JSON"
        return PartnerUnavailable(
            f"{what}: the partner sent {kind} ({len(self.body)} bytes)",
            may_have_acted=True,
            hint="A gateway before the partner may be down, or the address names something else.",
        )


class Http:
    """One partner's address and our connections to it. Not shared by threads."""

    def __init__(
        self, base_url: str, limits: Limits | None = None, *, ca_file: Path | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._base, self._limits = base_url.rstrip("/"), limits or Limits()
        self._timeouts = (self._limits.connect_timeout_s, self._limits.read_timeout_s)
        self._http = requests.Session()
        # Asked once: left to itself requests reads the environment, and somebody's .netrc, at every call.
        self._http.proxies = dict(get_environ_proxies(self._base))
        self._http.trust_env = False
        if ca_file is not None:
            self._http.verify = str(ca_file)
        # A compressed answer that breaks off may look whole.
        self._http.headers.update({"Accept-Encoding": "identity", **(headers or {})})

    def get(self, path: str, what: str, *, query: Mapping[str, str | int] | None = None,
            headers: Mapping[str, str] | None = None, also: tuple[int, ...] = ()) -> Reply:  # fmt: skip
        """Ask for ``path``; ``what`` names the call in errors, ``also`` are statuses to return rather than to raise.

        Raises :class:`~bus.errors.PartnerUnavailable`, :class:`~bus.errors.CredentialsRefused`,
        :class:`~bus.errors.RequestRefused` and :class:`~bus.errors.ConnectorError`.
        """
        return self._call("GET", path, what, also, params=query, headers=headers)

    def options(self, path: str, what: str, *, headers: Mapping[str, str] | None = None,
                also: tuple[int, ...] = ()) -> Reply:  # fmt: skip
        """Ask what ``path`` is ready for; otherwise as :meth:`get`."""
        return self._call("OPTIONS", path, what, also, headers=headers)

    def post(self, path: str, what: str, content: object, *, headers: Mapping[str, str] | None = None,
             also: tuple[int, ...] = ()) -> Reply:  # fmt: skip
        """Send ``content`` as JSON; otherwise as :meth:`get`."""
        body = _json.dumps(content, allow_nan=False).encode()
        return self.send(path, what, body, headers={"Content-Type": "application/json", **(headers or {})}, also=also)

    def send(self, path: str, what: str, body: bytes, *, headers: Mapping[str, str],
             also: tuple[int, ...] = ()) -> Reply:  # fmt: skip
        """Send ready bytes, whose ``Content-Type`` stands in ``headers``; otherwise as :meth:`get`."""
        return self._call("POST", path, what, also, data=body, headers=headers)

    def close(self) -> None:
        """Close the connections. May be repeated."""
        self._http.close()

    def _call(self, method: str, path: str, what: str, also: tuple[int, ...], **request: Any) -> Reply:
        try:
            with self._http.request(
                method, self._base + path, timeout=self._timeouts, allow_redirects=False, stream=True, **request
            ) as response:
                if not 200 <= response.status_code < 300 and response.status_code not in also:
                    _refuse(response, what)
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Reply(
                    status=response.status_code, body=self._body(response, what), headers=headers,
                    seen_at=_seen_at(response),
                )  # fmt: skip
        except (RequestException, HTTPError, UnicodeError) as error:
            failure = _translated(error, what)
        raise failure

    def _body(self, response: requests.Response, what: str) -> bytes:
        """Read piece by piece, as they come, within the limits of size and of time."""
        limits = self._limits
        deadline = time.monotonic() + limits.read_timeout_s
        body = bytearray()
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            body += piece
            if len(body) > limits.max_answer_bytes:
                raise ConnectorError(
                    f"{what}: an answer has over {limits.max_answer_bytes // 1024} KiB",
                    hint="Ask for less at once, or raise the limit of an answer.",
                )
            if time.monotonic() > deadline:
                raise PartnerUnavailable(
                    f"{what}: the answer did not end within {limits.read_timeout_s:g} s", may_have_acted=True
                )
        if not body and not _is_told_to_be_empty(response):
            raise PartnerUnavailable(
                f"{what}: the answer ended within its headers, or has no content", may_have_acted=True
            )
        return bytes(body)


def _is_told_to_be_empty(response: requests.Response) -> bool:
    """Tell whether an empty body is meant. An answer that is cut off in its headers has none either, and no length."""
    is_bare = response.status_code in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    return is_bare or "Content-Length" in response.headers or "Transfer-Encoding" in response.headers


def _refuse(response: requests.Response, what: str) -> None:
    status = response.status_code
    if status in _UNAUTHORISED:
        raise CredentialsRefused(f"{what}: the partner refuses us ({status})")
    if status in _NOT_YET or status in _FAILED:
        raise PartnerUnavailable(
            f"{what}: the partner answers {status}", wait_s=_retry_after(response), may_have_acted=status in _FAILED
        )
    if 300 <= status < 400:
        raise ConnectorError(
            f"{what}: the partner sends us elsewhere ({status}), and we do not follow",
            hint="Write the new address into the configuration, if it is the partner's.",
        )
    if 400 <= status < 500:
        raise RequestRefused(f"{what}: the partner answers {status}", status)
    raise PartnerUnavailable(f"{what}: the partner answers {status}", may_have_acted=True)


def _retry_after(response: requests.Response) -> float | None:
    """Return the wait that the partner asks for: seconds, or an HTTP date by its own clock."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), _MAX_WAIT_S)
    then, now = _moment(asked), _date(response)
    if then is None or now is None:
        return None
    return min(max((then - now).total_seconds(), 0.0), _MAX_WAIT_S)


def _seen_at(response: requests.Response) -> datetime | None:
    """The Date header is written when the answer is ready; a slow one tells of data as it was when it was asked for.

    So its whole seconds are taken off: else they would eat up a source's safety lag.
    """
    answered = _date(response)
    return None if answered is None else answered - timedelta(seconds=int(response.elapsed.total_seconds()))


def _date(response: requests.Response) -> datetime | None:
    return _moment(response.headers.get("Date", ""))


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _translated(error: Exception, what: str) -> ConnectorError:
    """Name the failure by its class; its own text may hold an address with what was asked."""
    kind = type(error).__name__
    if isinstance(error, SSLError) and not _stems_from(error, _LINE_BROKE):
        return ConnectorError(
            f"{what}: the partner's certificate is not trusted ({kind})",
            hint="Give the authority that signed it as `ca_file`, or tell the partner that it has run out.",
        )
    if isinstance(error, InvalidURL | InvalidHeaderOfOurs | UnicodeError) and not _stems_from(error, InvalidHeader):
        return ConnectorError(
            f"{what}: the address or a header cannot be sent ({kind})", hint="Check the partner's address and our keys."
        )
    has_left = not _never_left(error)
    return PartnerUnavailable(
        f"{what}: the partner {'gave no whole answer' if has_left else 'cannot be reached'} ({kind})",
        may_have_acted=has_left,
        hint="Is it up, and can this machine reach its address? The next run goes on from here.",
    )


def _never_left(error: Exception) -> bool:
    """Tell whether no connection came about, so that nothing of the request can have reached the partner."""
    return _stems_from(error, (ConnectTimeout, NewConnectionError))


def _stems_from(error: Exception, kinds: type[Exception] | tuple[type[Exception], ...]) -> bool:
    """Look for an error of such a kind within those that the libraries wrapped around it."""
    inner: object = error
    while isinstance(inner, Exception):
        if isinstance(inner, kinds):
            return True
        inner = _wrapped_by(inner)
    return False


def _wrapped_by(error: Exception) -> object:
    """Return what an error of requests or urllib3 was made from: each keeps it in another place."""
    for name in ("reason", "original_error"):
        if isinstance(inner := getattr(error, name, None), Exception):
            return inner
    return error.args[0] if error.args else None
