"""The client against a real server that answers badly: each failure has its class, and none tells a secret."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread

import pytest

from bus.errors import ConnectorError, CredentialsRefused, LienthongError, PartnerUnavailable, RequestRefused
from connectors.one_stop.client import Client, Query
from connectors.one_stop.simulator import PASSWORD, USERNAME, Simulator
from tests.connectors.one_stop.world import open_client

ALL = Query("DanhSachHoSo", "20000101000000", "", "", 1, 100)


@pytest.fixture
def client(tmp_path: Path, simulator: Simulator) -> Iterator[Client]:
    """Return a client of the simulator."""
    one = open_client(tmp_path, simulator.base_url, read_timeout_s=0.3, max_answer_mb=1)
    yield one
    one.close()


def test_a_page_has_items_as_they_came_and_the_partners_time(client: Client, simulator: Simulator) -> None:
    page = client.page(ALL)
    assert len(page.items) == 12
    assert not page.more
    assert page.answered_at == simulator.clock.now()


def test_one_login_serves_many_pages(client: Client, simulator: Simulator) -> None:
    for _ in range(3):
        client.page(ALL)
    assert simulator.answers() == ["0", "0", "0", "0"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("500", PartnerUnavailable), ("502", PartnerUnavailable), ("504", PartnerUnavailable),
        ("slow", PartnerUnavailable),
        ("drip", PartnerUnavailable), ("truncated", PartnerUnavailable), ("cut-json", PartnerUnavailable),
        ("html", PartnerUnavailable), ("busy", PartnerUnavailable), ("contradiction", PartnerUnavailable),
        ("no-data", PartnerUnavailable), ("400", RequestRefused), ("404", RequestRefused), ("redirect", ConnectorError),
        ("refused", ConnectorError), ("huge", ConnectorError), ("no-date", ConnectorError),
    ],
)  # fmt: skip
def test_a_bad_answer_has_its_class(
    client: Client, simulator: Simulator, fault: str, kind: type[LienthongError]
) -> None:
    simulator.script(fault)
    with pytest.raises(LienthongError) as caught:
        client.page(ALL)
    assert type(caught.value) is kind
    assert str(caught.value).startswith("DanhSachHoSo: ")


@pytest.mark.parametrize(
    "fault", ["500", "slow", "drip", "truncated", "cut-json", "html", "busy", "contradiction", "huge", "404"]
)
def test_after_a_bad_answer_the_next_call_goes_well(client: Client, simulator: Simulator, fault: str) -> None:
    simulator.script(fault)
    with pytest.raises(LienthongError):
        client.page(ALL)
    assert len(client.page(ALL).items) == 12


@pytest.mark.parametrize("status", ["429", "503"])
def test_the_wait_that_the_partner_asks_for_is_told(client: Client, simulator: Simulator, status: str) -> None:
    simulator.script(f"{status}:7")
    with pytest.raises(PartnerUnavailable) as caught:
        client.page(ALL)
    assert caught.value.wait_s == 7


def test_a_wait_until_some_time_is_meant_by_the_partners_clock(client: Client, simulator: Simulator) -> None:
    later = simulator.clock.now().astimezone(UTC) + timedelta(seconds=90)
    simulator.script(f"503:{format_datetime(later, usegmt=True)}")
    with pytest.raises(PartnerUnavailable) as caught:
        client.page(ALL)
    assert caught.value.wait_s == 90


@pytest.mark.parametrize("text", ["soon", "-5", "7,5"])
def test_a_wait_that_cannot_be_read_is_none(client: Client, simulator: Simulator, text: str) -> None:
    simulator.script(f"503:{text}")
    with pytest.raises(PartnerUnavailable) as caught:
        client.page(ALL)
    assert caught.value.wait_s is None


def test_a_session_that_ended_is_renewed_once_without_a_word(client: Client, simulator: Simulator) -> None:
    client.page(ALL)
    simulator.store.end_sessions()
    assert len(client.page(ALL).items) == 12
    assert simulator.answers() == ["0", "0", "-2", "0", "0"]


def test_a_session_that_ends_again_at_once_is_an_outage(client: Client, simulator: Simulator) -> None:
    simulator.script("session-over", "session-over")
    with pytest.raises(PartnerUnavailable):
        client.page(ALL)
    assert simulator.answers() == ["0", "session-over", "0", "session-over"]


@pytest.mark.parametrize("status", ["401", "403"])
def test_refused_once_we_log_in_again_and_go_on(client: Client, simulator: Simulator, status: str) -> None:
    simulator.script(status)
    assert len(client.page(ALL).items) == 12
    assert simulator.answers() == ["0", status, "0", "0"]


@pytest.mark.parametrize("status", ["401", "403"])
def test_refused_after_a_fresh_login_we_stop(client: Client, simulator: Simulator, status: str) -> None:
    simulator.script(status, status)
    with pytest.raises(CredentialsRefused):
        client.page(ALL)
    assert simulator.answers() == ["0", status, "0", status]


def test_a_wrong_password_is_refused_and_not_told(tmp_path: Path, simulator: Simulator) -> None:
    (tmp_path / "other").write_text("canary-password", "utf-8")
    client = open_client(tmp_path, simulator.base_url, password="file:other")
    with pytest.raises(CredentialsRefused) as caught:
        client.page(ALL)
    assert "canary" not in f"{caught.value!r} {caught.value} {caught.value.hint}"
    client.close()


@pytest.mark.parametrize("fault", ["401", "500", "404", "html", "cut-json", "refused", "contradiction", "redirect"])
def test_no_error_tells_a_secret_or_what_was_answered(client: Client, simulator: Simulator, fault: str) -> None:
    simulator.script(fault, fault)
    with pytest.raises(LienthongError) as caught:
        client.page(ALL)
    told = f"{caught.value!r} {caught.value} {caught.value.hint}"
    assert not any(secret in told for secret in (PASSWORD, USERNAME, "cơ sở dữ liệu", "nginx", "MaHoSo"))


def test_a_partner_that_is_not_there_is_an_outage(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = open_client(tmp_path, f"http://127.0.0.1:{taken.getsockname()[1]}", connect_timeout_s=1)
        with pytest.raises(PartnerUnavailable):
            client.page(ALL)
        client.close()


def test_a_server_that_speaks_no_tls_is_not_trusted(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=answer_in_clear, args=(server,)).start()
        client = open_client(tmp_path, f"https://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(ConnectorError) as caught:
            client.page(ALL)
        client.close()
    assert "certificate" in str(caught.value)


def answer_in_clear(server: socket.socket) -> None:
    """Answer one call without encryption."""
    connection, _ = server.accept()
    with connection:
        connection.recv(1)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")


def test_the_environment_is_asked_for_proxies_once(
    tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = open_client(tmp_path, simulator.base_url)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert len(client.page(ALL).items) == 12
    client.close()


def test_the_book_of_calls_holds_no_session(client: Client, simulator: Simulator) -> None:
    client.page(ALL)
    asked = simulator.store.calls()[1].asked
    assert (asked["madonvi"], asked["KichThuocTrang"], "session" in asked) == ("H31", 100, False)
