"""Calls to partners over TLS: whom we trust, and what is no matter of trust."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from bus.errors import ConnectorError
from tests.bus.servers import a_client, a_server, answered, failure, outage


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate for this machine that nobody signed, with its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there: certificates of partners were not tried")
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    about = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(file.with_suffix(".key"))]
    subprocess.run(["openssl", "req", "-x509", *keys, "-out", str(file), *about], check=True, capture_output=True)
    return file


def tls_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


def test_a_certificate_that_nobody_vouches_for_stops_us_before_anything_is_sent(certificate: Path) -> None:
    with a_server(answered(), tls=tls_of(certificate)) as server:
        error = failure(server.hosts_url)
        assert (type(error), server.heard) == (ConnectorError, [])
    assert "certificate" in str(error)


def test_a_certificate_whose_authority_is_given_is_trusted(certificate: Path) -> None:
    tls = tls_of(certificate)
    with a_server(answered(), tls=tls) as server, a_client(server.hosts_url, ca_file=certificate) as http:
        assert http.post("/orders", "order", {}).status == 200


def test_a_line_that_breaks_in_the_handshake_is_an_outage_and_no_matter_of_trust() -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.shutdown(socket.SHUT_WR)

    with a_server(hang_up, is_deaf=True) as server:
        assert "certificate" not in str(outage(server.hosts_url))


def test_a_server_that_speaks_no_tls_is_not_trusted() -> None:
    with a_server(b"HTTP/1.0 400 Bad Request\r\n\r\n", is_deaf=True) as server:
        assert type(failure(server.hosts_url)) is ConnectorError
