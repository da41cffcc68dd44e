"""The client against a real server that answers badly: each failure has its class, and none tells whom it was about."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from bus.errors import ConnectorError, CredentialsRefused, LienthongError, PartnerUnavailable, Rejected, RequestRefused
from connectors.attempts import idempotency_key
from connectors.population.answers import opened
from connectors.population.simulator import SECRET, USERNAME, Simulator
from connectors.sdk import Delivery, Exchange
from tests.connectors.population.world import (
    BORN,
    NAME,
    NUMBER,
    OFFICIAL,
    an_asked,
    code,
    looks_of,
    open_exchange,
)  # fmt: skip

REQUEST = "R-1"
BAD = {
    "500": PartnerUnavailable, "502": PartnerUnavailable, "503:7": PartnerUnavailable, "504": PartnerUnavailable,
    "429:7": PartnerUnavailable, "silence": PartnerUnavailable, "truncated": PartnerUnavailable,
    "cut-json": PartnerUnavailable, "html": PartnerUnavailable, "busy": PartnerUnavailable,
    "contradiction": PartnerUnavailable, "other-request": PartnerUnavailable, "other-person": PartnerUnavailable,
    "other-outcome": PartnerUnavailable, "no-outcome": PartnerUnavailable, "no-time": PartnerUnavailable,
    "not-json-object": PartnerUnavailable, "400": RequestRefused, "404": RequestRefused, "401": CredentialsRefused,
    "403": CredentialsRefused, "redirect": ConnectorError, "huge": ConnectorError, "other-code": ConnectorError,
}  # fmt: skip


def a_delivery(exchange: Exchange, **changes: object) -> Delivery:
    event = an_asked(REQUEST, **changes)
    operation = exchange.operation(event)
    assert operation is not None
    return Delivery(event=event, operation=operation, key=idempotency_key(exchange.name, operation.name, event.id))


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_answer_has_its_class_and_names_no_one(exchange: Exchange, simulator: Simulator, fault: str) -> None:
    simulator.script(fault)
    with pytest.raises(LienthongError) as caught:
        exchange.deliver(a_delivery(exchange))
    told = f"{caught.value!r} {caught.value.hint}"
    assert type(caught.value) is BAD[fault]
    secrets = (NAME, NAME.upper(), NUMBER, BORN, OFFICIAL, SECRET, USERNAME, "nginx", "TonGiao")
    assert [text for text in secrets if text in told] == []


@pytest.mark.parametrize("fault", BAD)
def test_after_a_bad_answer_the_same_look_goes_well_and_is_the_only_one(
    exchange: Exchange, simulator: Simulator, fault: str
) -> None:
    simulator.script(fault)
    with pytest.raises(LienthongError):
        exchange.deliver(a_delivery(exchange))
    assert opened(exchange.deliver(a_delivery(exchange))).outcome == "match"
    assert looks_of(simulator) == [(REQUEST, "match")]
    assert sum(call.acted for call in simulator.store.calls()) == 1


@pytest.mark.parametrize(("fault", "wait_s"), [("429:7", 7), ("503:7", 7), ("502", None)])
def test_the_wait_that_the_partner_asks_for_is_told(
    exchange: Exchange, simulator: Simulator, fault: str, wait_s: float | None
) -> None:
    simulator.script(fault)
    with pytest.raises(PartnerUnavailable) as caught:
        exchange.deliver(a_delivery(exchange))
    assert caught.value.wait_s == wait_s


def test_a_unit_that_may_not_ask_stops_the_connector(exchange: Exchange, simulator: Simulator) -> None:
    with pytest.raises(ConnectorError) as caught:
        exchange.deliver(a_delivery(exchange, askingAgency=code("H56.14", "VN-AGENCY")))
    assert (type(caught.value), looks_of(simulator)) == (ConnectorError, [])


def test_a_number_that_was_used_for_another_look_is_rejected(exchange: Exchange, simulator: Simulator) -> None:
    exchange.deliver(a_delivery(exchange))
    with pytest.raises(Rejected):
        exchange.deliver(a_delivery(exchange, fullName="Ai Đó"))
    assert looks_of(simulator) == [(REQUEST, "match")]


def test_a_wrong_secret_is_refused_and_not_told(tmp_path: Path, simulator: Simulator) -> None:
    (tmp_path / "other").write_text("canary-secret", "utf-8")
    exchange = open_exchange(tmp_path, simulator.base_url, secret="file:other")
    with pytest.raises(CredentialsRefused) as caught:
        exchange.deliver(a_delivery(exchange))
    exchange.close()
    assert "canary" not in f"{caught.value!r} {caught.value.hint}"


def test_keys_of_gateways_are_sent_along(tmp_path: Path) -> None:
    """A gateway reads them; here a socket does."""
    (tmp_path / "key").write_text("khoa", "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        exchange = open_exchange(
            tmp_path, url, api_key="file:key", xroad_client="VN/GOV/H31/bus", read_timeout_s=0.2
        )  # fmt: skip
        with pytest.raises(PartnerUnavailable):
            exchange.deliver(a_delivery(exchange))
        exchange.close()
        with server.accept()[0] as connection:
            came = connection.recv(4096)
    assert b"\r\nApiKey: khoa\r\n" in came
    assert b"\r\nX-Road-Client: VN/GOV/H31/bus\r\n" in came
