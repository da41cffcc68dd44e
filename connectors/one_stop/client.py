"""The calls to the partner: one session of ours, one of theirs. Each is made once: it never retries, but for a session.

Nothing that it raises or logs holds the user's name, the password, the partner's session, or what an answer said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from msgspec import UNSET

from bus.errors import ConnectorError, CredentialsRefused, PartnerUnavailable, Rejected
from bus.http import Http, Limits
from connectors.one_stop.answers import Answer, Meaning, code_of, meaning
from connectors.one_stop.config import Settings


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
    """Asks and tells one partner. Not shared by threads."""

    def __init__(self, settings: Settings) -> None:
        config = settings.config
        self._settings, self._config = settings, config
        limits = Limits(
            connect_timeout_s=config.connect_timeout_s, read_timeout_s=config.read_timeout_s,
            max_answer_bytes=config.max_answer_mb * 1024 * 1024,
        )  # fmt: skip
        headers = {"dstcode": config.dstcode} if config.dstcode else {}
        self._http = Http(config.base_url, limits, ca_file=settings.ca_file, headers=headers)
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

    def send(self, service: str, fields: Mapping[str, Any]) -> None:
        """Let the partner do something; that it was there already is as good.

        Raises as :meth:`page`, and :class:`~bus.errors.Rejected` for what the partner refuses in what was sent.
        """
        self._asked(service, fields)

    def look_up(self, dossier: str) -> Sequence[bytes]:
        """Return what the partner has of a dossier. Raises as :meth:`send`."""
        answer = self._asked("TraCuuHoSo", {"mahoso": dossier}).answer
        if not isinstance(answer.data, list):
            raise PartnerUnavailable("TraCuuHoSo: the answer has no `data`")
        return [bytes(item) for item in answer.data]

    def close(self) -> None:
        """Close the connections. May be repeated."""
        self._http.close()

    def _asked(self, service: str, fields: Mapping[str, Any]) -> _Reply:
        """A session that is over was over before anything was done: the same call may be made again."""
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
        except PartnerUnavailable as error:
            # Whatever became of the login, what was to be done was not even sent.
            raise PartnerUnavailable(str(error), wait_s=error.wait_s, hint=error.hint) from error
        if not answer.session:
            raise PartnerUnavailable("login: the answer has no `session`")
        return answer.session

    def _post(self, endpoint: str, content: Mapping[str, Any], service: str) -> _Reply:
        try:
            reply = self._http.post(endpoint, service, content)
        except CredentialsRefused as refused:
            raise _SessionOver(refused=True) from refused
        return _Reply(reply.read(Answer, service), reply.seen_at)


def _judge(answer: Answer, service: str) -> None:
    match meaning(answer):
        case Meaning.DONE | Meaning.EXISTS:
            return
        case Meaning.SESSION_OVER:
            raise _SessionOver(refused=False)
        case Meaning.BUSY:
            raise PartnerUnavailable(f"{service}: the partner answers with error_code {code_of(answer)}")
        case Meaning.CONTRADICTS_ITSELF:
            why = f"{service}: the code says success, and the text does not"
            raise PartnerUnavailable(why, may_have_acted=True)
        case Meaning.NOT_THIS_ONE:
            raise Rejected(f"{service}: the partner refuses what was sent with error_code {code_of(answer)}")
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
