"""The calls to the partner. It never retries: the runtime does. Nothing that it raises holds what an answer said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unicodedata import normalize

from msgspec import Raw, Struct, field

from bus.errors import ConnectorError, CredentialsRefused, PartnerUnavailable, Rejected
from bus.http import Http, Limits, Reply
from connectors.postal.config import Settings

_DONE, _BUSY, _UNKNOWN_CUSTOMER = "100", "300", "201"
_REFUSED = {
    _UNKNOWN_CUSTOMER: "it knows no such customer code",
    "202": "it does not deliver to this receiver",
    "203": "it has no order of this number",
}


class Page(Struct, frozen=True, kw_only=True):
    """A page of the tracking list, as RESTHeart has it: whole rows, as the bytes that came."""

    class Embedded(Struct, frozen=True):
        """Where the rows are."""

        rows: list[Raw] = field(name="rh:doc")

    embedded: Embedded = field(name="_embedded")
    returned: int = field(name="_returned")
    pages: int = field(name="_total_pages")


class Found(Struct, frozen=True, kw_only=True):
    """An order that the post has: whose it is, and the time that it was given with."""

    customer: str = field(name="senderCode")
    created: str | None = field(default=None, name="createdDate")


class _Login(Struct, frozen=True):
    success: bool
    token: str | None = None


class _Answer(Struct, frozen=True):
    status: int | str = field(name="Status")
    message: str | None = field(default=None, name="Message")


class _Search(Struct, frozen=True):
    success: bool
    data: list[Found]


class Client:
    """Asks one partner. Not shared by threads."""

    def __init__(self, settings: Settings) -> None:
        config = settings.config
        limits = Limits(connect_timeout_s=config.connect_timeout_s, read_timeout_s=config.read_timeout_s)
        self._http = Http(config.base_url, limits, ca_file=settings.ca_file)
        self._settings, self._config = settings, config
        self._token: str | None = None

    def order(self, order: Mapping[str, Any]) -> None:
        """Order a parcel: each call that acts makes one more. Raises as :meth:`connectors.sdk.Sink.deliver`."""
        reply = self._called(lambda head: self._http.post("/orderPost", "order", order, headers=head))
        answer = reply.read(_Answer, "order")
        if str(answer.status) == _UNKNOWN_CUSTOMER and order["CustomerCode"] in self._config.customers:
            raise CredentialsRefused("order: the post does not know our customer code", hint="Correct `customers`.")
        _judge(answer, "order")

    def cancel(self, customer: str, number: str) -> None:
        """Cancel an order; may be repeated. Raises as :meth:`connectors.sdk.Sink.deliver`."""
        asked = {"CustomerCode": customer, "OrderNumber": number}
        reply = self._called(lambda head: self._http.get("/orderCancel", "cancel", query=asked, headers=head))
        _judge(reply.read(_Answer, "cancel"), "cancel")

    def find(self, number: str) -> Sequence[Found]:
        """Return the orders of that number; none if there are none. Raises as :meth:`bus.http.Http.get`."""
        asked = {"type": "1", "code": number}
        reply = self._called(lambda head: self._http.get("/getOrder", "getOrder", query=asked, headers=head))
        found = reply.read(_Search, "getOrder")
        if not found.success:
            raise PartnerUnavailable("getOrder: the partner could not look")
        return found.data

    def page(self, last_id: str, size: int) -> Page:
        """Return the rows behind ``last_id``, at most ``size``. Raises as :meth:`bus.http.Http.get`."""
        asked: dict[str, str | int] = {"lastId": last_id, "pagesize": size}
        reply = self._called(lambda head: self._http.get("/orderTracking", "tracking", query=asked, headers=head))
        page = reply.read(Page, "tracking")
        if page.returned != len(page.embedded.rows):
            raise PartnerUnavailable("tracking: the page has not as many rows as it says")
        return page

    def close(self) -> None:
        """Close the connections. May be repeated."""
        self._http.close()

    def _called(self, call: Callable[[Mapping[str, str]], Reply]) -> Reply:
        """Make a call with the partner's token; log in where there is none, and once more where it is refused."""
        if self._token is not None:
            try:
                return call({"access_token": self._token})
            except CredentialsRefused:
                self._token = None
        self._token = self._log_in()
        return call({"access_token": self._token})

    def _log_in(self) -> str:
        username, password = self._settings.username.reveal(), self._settings.password.reveal()
        who = {"username": username, "password": password, "customerCode": self._config.customer}
        answer = self._http.post("/GetAccessToken", "login", who).read(_Login, "login")
        if not answer.success or not answer.token:
            raise CredentialsRefused("login: the partner does not know this user, password and customer code")
        return answer.token


def _judge(answer: _Answer, what: str) -> None:
    """Judge by code and text together, because real systems let them disagree; then nobody knows what was done."""
    code, text = str(answer.status).strip(), normalize("NFC", answer.message or "").casefold()
    says_failed = any(word in text for word in ("không thành công", "thất bại", "lỗi"))
    says_done = "thành công" in text and not says_failed
    if says_failed if code == _DONE else says_done:
        raise PartnerUnavailable(f"{what}: the partner's code and text contradict each other", may_have_acted=True)
    if code == _BUSY:
        raise PartnerUnavailable(f"{what}: the partner is busy")
    if code in _REFUSED:
        raise Rejected(f"{what}: the post refuses with status {code}: {_REFUSED[code]}")
    if code != _DONE:
        raise ConnectorError(f"{what}: the partner answers with an unknown status", hint="Ask the post what it means.")
