"""The calls to the gateways. Neither retries: the runtime does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bus.errors import LeftAmbiguous, Rejected
from bus.http import Http, Limits
from connectors.payment import dvcqg, vnpay
from connectors.payment.config import DVCQG, VNPAY, Platform, Settings, Vnpay
from connectors.payment.orders import Charge, Opened, Order, State


class Gateway(Protocol):
    """What exchange and source need of a gateway."""

    @property
    def is_repeatable(self) -> bool:
        """Whether opening asks nothing of the partner, so that it may be done again."""
        ...

    def open(self, order: Order, payload: Mapping[str, Any]) -> Opened:
        """Open a payment. Raises as a sink's delivery does."""
        ...

    def find(self, reference: str, order: Order) -> Opened | None:
        """Return a payment that is open already; None if there is none. Only asks."""
        ...

    def query(self, reference: str, order: Order) -> Charge:
        """Return what the gateway says of a payment. Only asks."""
        ...

    def close(self) -> None:
        """Let go of connections. May be repeated."""
        ...


Gateways = Mapping[str, Gateway]


class PlatformGateway:
    """The national payment platform. It refuses a reference that it has, so an unknown outcome is settled by QUERY."""

    is_repeatable = False

    def __init__(self, ours: Platform, settings: Settings) -> None:
        self._ours, self._secret = ours, settings.platform_secret.reveal()
        self._http = _http(ours.base_url, settings)

    def open(self, order: Order, payload: Mapping[str, Any]) -> Opened:
        """Send INIT. A payment that is there already was opened by us before: it is returned."""
        message = dvcqg.init_message(self._ours, self._secret, order, payload)
        try:
            return dvcqg.read_init(self._http.post(self._ours.endpoint, "INIT", message).body)
        except dvcqg.Known:
            found = self.find(str(payload["reference"]), order)
        if found is None:
            raise LeftAmbiguous("INIT: the platform has this reference, and QUERY knows nothing of it")
        return found

    def find(self, reference: str, order: Order) -> Opened | None:
        """Send QUERY, and take the link from its answer."""
        body = self._asked(reference, order)
        charge = dvcqg.read_query(body)
        if charge.state is State.UNKNOWN:
            return None
        if charge.amount != order.amount:
            raise Rejected("QUERY: the platform has this reference with another amount")
        return dvcqg.read_open(body)

    def query(self, reference: str, order: Order) -> Charge:
        """Send QUERY."""
        return dvcqg.read_query(self._asked(reference, order))

    def close(self) -> None:
        """Close the connections. May be repeated."""
        self._http.close()

    def _asked(self, reference: str, order: Order) -> bytes:
        message = dvcqg.query_message(self._ours, self._secret, reference, order)
        return self._http.post(self._ours.endpoint, "QUERY", message).body


class VnpayGateway:
    """VNPay. A payment is opened by a signed link alone; VNPay hears of it when somebody follows it."""

    is_repeatable = True

    def __init__(self, ours: Vnpay, settings: Settings) -> None:
        self._ours, self._secret = ours, settings.vnpay_secret.reveal()
        self._http = _http(ours.base_url, settings)

    def open(self, order: Order, payload: Mapping[str, Any]) -> Opened:
        """Make the link."""
        return vnpay.pay_link(self._ours, self._secret, str(payload["reference"]), order)

    def find(self, reference: str, order: Order) -> Opened | None:
        """Make the link: there is nothing to be found."""
        return vnpay.pay_link(self._ours, self._secret, reference, order)

    def query(self, reference: str, order: Order) -> Charge:
        """Send querydr."""
        message = vnpay.query_message(self._ours, self._secret, reference, order)
        return vnpay.read_query(self._http.post(self._ours.query_endpoint, "querydr", message).body, self._secret)

    def close(self) -> None:
        """Close the connections. May be repeated."""
        self._http.close()


def open_gateways(settings: Settings) -> Gateways:
    """Return the configured gateways by their codes; contact nobody."""
    gateways: dict[str, Gateway] = {}
    if settings.config.dvcqg is not None:
        gateways[DVCQG] = PlatformGateway(settings.config.dvcqg, settings)
    if settings.config.vnpay is not None:
        gateways[VNPAY] = VnpayGateway(settings.config.vnpay, settings)
    return gateways


def gateway_of(gateways: Gateways, order: Order) -> Gateway:
    """Return an order's gateway. Raises :class:`~bus.errors.Rejected` where it has no settings any more."""
    found = gateways.get(order.gateway)
    if found is None:
        raise Rejected(f"gateway {order.gateway} has no settings here", hint="Give its settings again, then redrive.")
    return found


def _http(base_url: str, settings: Settings) -> Http:
    config = settings.config
    limits = Limits(
        connect_timeout_s=config.connect_timeout_s, read_timeout_s=config.read_timeout_s, max_answer_bytes=256 * 1024
    )
    return Http(base_url, limits, ca_file=settings.ca_file)
