"""The simulator: one payment for a reference, notices until they are answered, and faults as they were drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bus.errors import PartnerUnavailable, Rejected
from connectors.payment.gateways import Gateway, open_gateways
from connectors.payment.orders import Order, State
from connectors.payment.simulator.draws import Draws
from connectors.payment.simulator.server import Simulator
from connectors.simulation.chance import way_of_losing
from tests.connectors.payment.world import BOTH, a_dossier, a_reference, a_request, follow, settings_of, until


class Partner(ThreadingHTTPServer):
    """Where notices go: answers what it is told to, then well."""

    daemon_threads = True

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.answers = list(answers)
        self.came: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/payment"


class _Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Partner

    def do_GET(self) -> None:
        self._answer(b'{"RspCode":"00"}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b'{"MaLoi":"00"}')

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Say nothing."""

    def _answer(self, well: bytes) -> None:
        self.server.came.append(self.command)
        status, body = self.server.answers.pop(0) if self.server.answers else (200, well)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def partner() -> Iterator[Partner]:
    one = Partner((503, b""), (200, b'{"MaLoi":"99","RspCode":"99"}'), (200, b"<html>"))
    thread = Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield one
    one.shutdown()
    thread.join()
    one.server_close()


def gateway_at(folder: Path, simulator: Simulator, name: str) -> Gateway:
    return open_gateways(settings_of(folder, simulator.base_url))[name]


def order_of(number: int, gateway: str) -> Order:
    return Order(gateway=gateway, amount=50_000, requested="20260609081500", dossier=a_dossier(number))


def acted(simulator: Simulator) -> list[tuple[str, str]]:
    return [(call.service, call.reference) for call in simulator.books.store.calls() if call.acted]


@pytest.mark.parametrize("name", BOTH)
def test_a_link_that_is_followed_twice_pays_once(tmp_path: Path, name: str) -> None:
    with Simulator(tmp_path / "sim") as simulator:
        gateway = gateway_at(tmp_path, simulator, name)
        link = gateway.open(order_of(1, name), a_request(1, name).payload).pay_url
        assert [follow(link), follow(link)] == [200, 200]
        charge = gateway.query(a_reference(1), order_of(1, name))
        owed = simulator.books.store.rows("SELECT count(*) FROM notices")[0][0]
        gateway.close()
        assert (charge.state, owed, acted(simulator).count(("PAY", a_reference(1)))) == (State.PAID, 1, 1)


def test_the_platform_opens_a_reference_once(tmp_path: Path) -> None:
    with Simulator(tmp_path / "sim") as simulator:
        gateway = gateway_at(tmp_path, simulator, "DVCQG")
        first, again = [gateway.open(order_of(1, "DVCQG"), a_request(1).payload) for _ in range(2)]
        with pytest.raises(Rejected):
            gateway.open(Order(gateway="DVCQG", amount=7, requested="20260609081500"), a_request(1, amount=7).payload)
        gateway.close()
        assert (first, acted(simulator)) == (again, [("INIT", a_reference(1))])


def test_a_link_that_nobody_signed_pays_nothing(tmp_path: Path) -> None:
    with Simulator(tmp_path / "sim") as simulator:
        platform, vnpay = (gateway_at(tmp_path, simulator, name) for name in BOTH)
        links = [
            platform.open(order_of(1, "DVCQG"), a_request(1).payload).pay_url[:-1],
            vnpay.open(order_of(2, "VNPAY"), a_request(2).payload).pay_url.replace("5000000", "5000"),
        ]
        platform.close()
        vnpay.close()
        assert [follow(link) for link in links] == [404, 403]


@pytest.mark.parametrize("name", BOTH)
def test_a_notice_is_sent_until_it_is_answered_well(tmp_path: Path, partner: Partner, name: str) -> None:
    with Simulator(tmp_path / "sim", notify=partner.url) as simulator:
        gateway = gateway_at(tmp_path, simulator, name)
        follow(gateway.open(order_of(1, name), a_request(1, name).payload).pay_url)
        gateway.close()
        until(lambda: simulator.books.rest_s() is None, "the notice is answered")
        sends = [tuple(row) for row in simulator.books.store.rows("SELECT status, code FROM sends ORDER BY number")]
    assert sends == [(503, ""), (200, "99"), (200, ""), (200, "00")]


@pytest.mark.parametrize("how", ["truncated", "silence"])
def test_an_answer_is_lost_after_the_payment_was_opened_and_never_again(tmp_path: Path, how: str) -> None:
    number = next(n for n in range(100_000) if way_of_losing(3, "INIT", a_reference(n)) == how)
    with Simulator(tmp_path / "sim", seed=3, trouble=True) as simulator:
        gateway = gateway_at(tmp_path, simulator, "DVCQG")
        with pytest.raises(PartnerUnavailable) as lost:
            gateway.open(order_of(number, "DVCQG"), a_request(number).payload)
        assert lost.value.may_have_acted
        assert gateway.find(a_reference(number), order_of(number, "DVCQG")) is not None
        gateway.open(order_of(number, "DVCQG"), a_request(number).payload)
        gateway.close()


def test_faults_are_about_as_frequent_as_told() -> None:
    draws = Draws(5)
    kinds = Counter(draws.notices(a_reference(number))[0] for number in range(4000))
    lost = sum(1 for number in range(4000) if way_of_losing(5, "INIT", a_reference(number)))
    assert 280 < kinds["repeated"] < 520
    assert 60 < kinds["never-sent"] < 180
    assert 120 < kinds["delayed"] < 280
    assert 120 < lost < 280


def test_what_befalls_a_payment_is_a_function_of_seed_and_reference() -> None:
    assert Draws(1).notices("R") == Draws(1).notices("R")
    assert {Draws(seed).transaction("R") for seed in range(5)} != {Draws(1).transaction("R")}
