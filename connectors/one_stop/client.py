"""The calls to the partner: one session of ours, one of theirs. The only module of this folder that imports requests.

It never follows a redirect, reads no more than it was told to, waits no longer than it was told to, and turns every
failure into one of our errors by its class. It never retries: the runtime does. Nothing that it raises or logs
holds the user's name, the password, the partner's session, or what an answer said.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn

import requests
from msgspec import UNSET
from requests.exceptions import InvalidHeader, InvalidURL, RequestException, SSLError
from requests.utils import get_environ_proxies

# requests brings it, and lets its errors through where a body is read piece by piece.
from urllib3.exceptions import HTTPError

from bus.errors import ConnectorError, CredentialsRefused, PartnerUnavailable
from connectors.one_stop.answers import Answer, Meaning, code_of, meaning, read
from connectors.one_stop.config import Settings

_PIECE_BYTES = 64 * 1024
_MAX_WAIT_S = 86_400.0
_UNAUTHORISED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_COMES_BACK = (
    HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT,
)  # fmt: skip


class Query(NamedTuple):
    """Which page: what changed behind (``time``, ``id``) and before ``until``, in that order."""

    service: str
    time: str
    id: str
    until: str
    page: int
    size: int


class Page(NamedTuple):
    """A page's items as bytes, whether there are more, and the partner's own time when it began to answer."""

    items: tuple[bytes, ...]
    more: bool
    answered_at: datetime


class _Reply(NamedTuple):
    answer: Answer
    answered_at: datetime | None


class _SessionOver(Exception):
    """The partner no longer takes our session; ``refused`` if it did so by 401 or 403."""

    def __init__(self, *, refused: bool) -> None:
        super().__init__()
        self.refused = refused


class Client:
    """Asks one partner. Not shared by threads."""

    def __init__(self, settings: Settings) -> None:
        config = settings.config
        self._settings, self._config = settings, config
        self._base = config.base_url.rstrip("/")
        self._timeouts = (config.connect_timeout_s, config.read_timeout_s)
        self._max_bytes = config.max_answer_mb * 1024 * 1024
        self._http = requests.Session()
        # Asked once: left to itself requests reads the environment, and somebody's .netrc, at every call.
        self._http.proxies = dict(get_environ_proxies(self._base))
        self._http.trust_env = False
        if settings.ca_file is not None:
            self._http.verify = str(settings.ca_file)
        if config.dstcode:
            self._http.headers["dstcode"] = config.dstcode
        self._session: str | None = None

    def page(self, query: Query) -> Page:
        """Return one page, logging in first where need be, and once more where the partner ended our session.

        Raises :class:`~bus.errors.PartnerUnavailable`, :class:`~bus.errors.CredentialsRefused` and
        :class:`~bus.errors.ConnectorError`.
        """
        asked = {
            "TuThoiDiem": query.time, "SauMa": query.id, "DenThoiDiem": query.until,
            "Trang": query.page, "KichThuocTrang": query.size,
        }  # fmt: skip
        reply = self._asked(query.service, asked)
        answer = reply.answer
        if not isinstance(answer.data, list) or answer.more is UNSET:
            raise PartnerUnavailable(f"{query.service}: the answer has no `data` or no `ConNua`")
        if reply.answered_at is None:
            raise ConnectorError(
                f"{query.service}: the partner's answer has no Date header",
                hint="The bookmark follows the partner's clock; a gateway must let its Date header through.",
            )
        return Page(tuple(bytes(item) for item in answer.data), bool(answer.more), reply.answered_at)

    def close(self) -> None:
        """Close the connections. May be repeated."""
        self._http.close()

    def _asked(self, service: str, fields: Mapping[str, Any]) -> _Reply:
        try:
            return self._share(service, fields)
        except _SessionOver:
            self._session = None
        try:
            return self._share(service, fields)
        except _SessionOver as over:
            self._session = None
            if over.refused:
                raise CredentialsRefused(f"{service}: the partner refuses us although it has just let us in") from None
            raise PartnerUnavailable(f"{service}: the partner's new session is over at once") from None

    def _share(self, service: str, fields: Mapping[str, Any]) -> _Reply:
        if self._session is None:
            self._session = self._log_in()
        head = {"session": self._session, "madonvi": self._config.agency, "service": service}
        reply = self._post(self._config.share_endpoint, {**head, **fields}, service)
        _judge(reply.answer, service)
        return reply

    def _log_in(self) -> str:
        who = {"username": self._settings.username.reveal(), "password": self._settings.password.reveal()}
        try:
            answer = self._post(self._config.login_endpoint, who, "login").answer
            _judge(answer, "login")
        except _SessionOver as over:
            raise CredentialsRefused("login: the partner does not know this user and password") from over
        if not answer.session:
            raise PartnerUnavailable("login: the answer has no `session`")
        return answer.session

    def _post(self, endpoint: str, content: Mapping[str, Any], service: str) -> _Reply:
        try:
            with self._http.post(
                self._base + endpoint, json=content, timeout=self._timeouts, allow_redirects=False, stream=True
            ) as response:
                _check_status(response, service)
                return _Reply(read(self._body(response, service), service), seen_at(response))
        except (RequestException, HTTPError) as error:
            raise _translated(error, service) from error

    def _body(self, response: requests.Response, service: str) -> bytes:
        """Read piece by piece, as they come, within the limits of size and of time."""
        deadline = time.monotonic() + self._config.read_timeout_s
        body = bytearray()
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=True):
            body += piece
            if len(body) > self._max_bytes:
                raise ConnectorError(
                    f"{service}: an answer has over {self._max_bytes // 1024 // 1024} MiB",
                    hint="Lower `page_size`, or raise `max_answer_mb`.",
                )
            if time.monotonic() > deadline:
                raise PartnerUnavailable(f"{service}: the answer did not end within {self._config.read_timeout_s:g} s")
        return bytes(body)


def _judge(answer: Answer, service: str) -> None:
    match meaning(answer):
        case Meaning.DONE:
            return
        case Meaning.SESSION_OVER:
            raise _SessionOver(refused=False)
        case Meaning.BUSY:
            raise PartnerUnavailable(f"{service}: the partner answers with error_code {code_of(answer)}")
        case Meaning.CONTRADICTS_ITSELF:
            raise PartnerUnavailable(f"{service}: the code says success, and the text does not")
        case Meaning.REFUSED:
            _refuse(answer, service)


def _refuse(answer: Answer, service: str) -> NoReturn:
    code = code_of(answer)[:20]
    if service == "login":
        raise CredentialsRefused(f"login: the partner answers with error_code {code}")
    raise ConnectorError(
        f"{service}: the partner refuses the request with error_code {code}",
        hint="Check `agency`, `dstcode` and what this user may ask for.",
    )


def _check_status(response: requests.Response, service: str) -> None:
    status = response.status_code
    if status == HTTPStatus.OK:
        return
    if status in _UNAUTHORISED:
        raise _SessionOver(refused=True)
    if status in _COMES_BACK:
        raise PartnerUnavailable(f"{service}: the partner answers {status}", wait_s=_retry_after(response))
    if 300 <= status < 400:
        raise ConnectorError(
            f"{service}: the partner sends us elsewhere ({status}), and we do not follow",
            hint="Write the new address into `base_url`, if it is the partner's.",
        )
    raise ConnectorError(f"{service}: the partner answers {status}", hint="Check `base_url` and the endpoints.")


def _retry_after(response: requests.Response) -> float | None:
    """Return the wait that the partner asks for: seconds, or an HTTP date by its own clock."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), _MAX_WAIT_S)
    then, now = _moment(asked), _date(response)
    if then is None or now is None:
        return None
    return min(max((then - now).total_seconds(), 0.0), _MAX_WAIT_S)


def seen_at(response: requests.Response) -> datetime | None:
    """Return a time, by the partner's clock, at which it had not yet looked at its rows; None without a Date header.

    The header is written when the answer is ready. A slow answer tells of rows as they were when it was asked for, so
    its whole seconds are taken off: else they would eat up the safety lag.
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


def _translated(error: Exception, service: str) -> Exception:
    """Name the failure by its class; its own text may hold an address with what was asked."""
    kind = type(error).__name__
    if isinstance(error, SSLError):
        return ConnectorError(
            f"{service}: the partner's certificate is not trusted ({kind})",
            hint="Give the authority that signed it as `ca_file`, or tell the partner that it has run out.",
        )
    if isinstance(error, InvalidURL | InvalidHeader):
        return ConnectorError(f"{service}: the address cannot be called ({kind})", hint="Check `base_url`.")
    return PartnerUnavailable(
        f"{service}: the partner gave no whole answer ({kind})",
        hint="Is it up, and can this machine reach `base_url`? The next run goes on from the cursor.",
    )
