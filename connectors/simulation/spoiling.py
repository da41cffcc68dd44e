"""What a bad network, gateway or server makes of a good response, for any simulated partner."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO

import falcon

SLOW_S = 0.6
"""How long a slow answer takes."""

SILENCE_S = 2.0
"""How long nothing comes: longer than a client with a read timeout of one second waits."""

_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
_PADDING = b" " * (2 * 1024 * 1024)


def spoil(response: falcon.Response, fault: str) -> None:
    """Spoil a finished response; ``503:7`` asks to come back after 7 seconds. Other kinds of faults leave it whole."""
    name, _, wait = fault.partition(":")
    if name.isdigit():
        _refuse(response, name, wait)
    elif name in _WAYS:
        _WAYS[name](response, response.data or b"")


def _refuse(response: falcon.Response, status: str, wait: str) -> None:
    response.status = int(status)
    response.data = b"{}"
    if status in ("429", "503"):
        response.set_header("Retry-After", wait or "1")


def _redirect(response: falcon.Response, _body: bytes) -> None:
    response.status = 307
    response.set_header("Location", "http://192.0.2.1/elsewhere")


def _html(response: falcon.Response, _body: bytes) -> None:
    response.data, response.content_type = _PAGE, "text/html"


def _cut_json(response: falcon.Response, body: bytes) -> None:
    response.data = body[: len(body) // 2]


def _truncated(response: falcon.Response, body: bytes) -> None:
    _stream(response, BytesIO(body[: len(body) // 2]), len(body))


def _huge(response: falcon.Response, body: bytes) -> None:
    response.data = body[:-1] + _PADDING + b"}"


def _slow(_response: falcon.Response, _body: bytes) -> None:
    time.sleep(SLOW_S)


def _silence(_response: falcon.Response, _body: bytes) -> None:
    time.sleep(SILENCE_S)


def _drip(response: falcon.Response, body: bytes) -> None:
    _stream(response, _drops(body), len(body))


def _stream(response: falcon.Response, stream: BytesIO | Iterable[bytes], length: int) -> None:
    response.data = None
    response.set_stream(stream, length)


def _drops(body: bytes) -> Iterator[bytes]:
    """Send a little now and then: no single wait is long, and together they are."""
    for place in range(10):
        yield body[place : place + 1]
        time.sleep(SLOW_S / 10)
    yield body[10:]


_WAYS: dict[str, Callable[[falcon.Response, bytes], None]] = {
    "redirect": _redirect,
    "html": _html,
    "cut-json": _cut_json,
    "truncated": _truncated,
    "huge": _huge,
    "slow": _slow,
    "silence": _silence,
    "drip": _drip,
}
