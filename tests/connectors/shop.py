"""A small partner over real HTTP, and the exchange that speaks to it: what the sink's contract and the kills run on.

Each order that the shop takes is another effect, also of a reference that it knows; marks are upserted. As a process:
``python -m tests.connectors.shop FOLDER``, which prints its address.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, unquote

from bus.envelope import Envelope, event_id
from bus.errors import ContractError, Rejected
from bus.http import Http
from connectors.sdk import Delivery, Operation
from connectors.simulation.store import Call, Store
from tests.bus.doubles import TOPIC

SECRET = "open sesame"


class Shop(ThreadingHTTPServer):
    """The shop's server, with its store."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Counter)
        self.store = Store(folder, "shop")
        self.base_url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""

    def effects(self, operation: Operation) -> int:
        """Return how often an operation has acted."""
        return self.acted().count((operation.name, operation.reference))

    def acted(self) -> list[tuple[str, str]]:
        """Return service and reference of every call that acted, in order."""
        return [(call.service, call.reference) for call in self.store.calls() if call.acted]


class _Counter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # an answer in one piece: in two, each would wait 40 ms for the other's receipt
    server: Shop

    def do_GET(self) -> None:
        number = self._number(*unquote(self.path).strip("/").split("/", 1))
        self._answer(404 if number is None else 200, {"number": number})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service, reference = self.path.strip("/"), asked["reference"]
        if self.headers.get("X-Secret") != SECRET:
            self._answer(401, {})
        elif "bad" in reference:
            self._answer(422, {})
        else:
            self._act(service, reference)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Say nothing."""

    def _act(self, service: str, reference: str) -> None:
        store = self.server.store
        with store.transaction():
            if service == "order" or self._number(service, reference) is None:
                store.record(Call(service, reference, {}, "200", acted=True))
        self._answer(200, {"number": self._number(service, reference)})

    def _number(self, service: str, reference: str) -> int | None:
        """The first call's number."""
        query = "SELECT min(number) FROM calls WHERE service = ? AND reference = ?"
        found: int | None = self.server.store.rows(query, service, reference)[0][0]
        return found

    def _answer(self, status: int, body: dict[str, int | None]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class ShopSink:
    """The exchange: a `DossierReceived` orders, a `FeeAsked` marks, anything else it accepts asks for nothing."""

    topics = (TOPIC,)
    accepts = frozenset({"DossierReceived", "FeeAsked", "DossierPaused"})
    settles_after_s = 0.0

    def __init__(self, base_url: str, secret: str = SECRET, name: str = "shop") -> None:
        self.name, self.not_from = name, frozenset({name})
        self._http = Http(base_url, headers={"X-Secret": secret})

    def operation(self, event: Envelope) -> Operation | None:
        """Return what an event asks for; its number is the reference."""
        names = {"DossierReceived": ("order", False), "FeeAsked": ("mark", True)}
        if event.type not in names:
            return None
        if "n" not in event.payload:
            raise ContractError("there is no number to order by")
        name, repeatable = names[event.type]
        return Operation(name, f"{event.key}/{event.payload['n']}", b"asked", repeatable)

    def deliver(self, delivery: Delivery) -> bytes:
        """Order, or mark."""
        name, reference = delivery.operation.name, delivery.operation.reference
        asked = {"reference": reference, "who": delivery.event.payload.get("who", "")}
        reply = self._http.post(f"/{name}", name, asked, also=(422,))
        if reply.status == 422:
            raise Rejected(f"{name}: the shop does not sell {reference}")
        return self._number(reply.json(name))

    def settle(self, delivery: Delivery) -> bytes | None:
        """Ask for the order."""
        name, reference = delivery.operation.name, delivery.operation.reference
        reply = self._http.get(f"/{name}/{quote(reference)}", f"{name}?", also=(404,))
        return None if reply.status == 404 else self._number(reply.json(name))

    def reply(self, event: Envelope, answer: bytes) -> Sequence[Envelope]:
        """Tell that it was resolved, with the number."""
        return [
            Envelope(
                id=event_id(self.name, str(event.id), answer.decode()), type="DossierResolved", source=self.name,
                key=event.key, time=event.time, causation=event.id, payload={"number": int(answer)},
            )
        ]  # fmt: skip

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @staticmethod
    def _number(answer: dict[str, int]) -> bytes:
        return b"%d" % answer["number"]


@contextmanager
def a_shop(folder: Path) -> Iterator[Shop]:
    """Run a shop in this process until the block ends."""
    shop = Shop(folder)
    thread = Thread(target=shop.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shop
    finally:
        shop.shutdown()
        thread.join()
        shop.server_close()
        shop.store.close()


if __name__ == "__main__":
    running = Shop(Path(sys.argv[1]))
    sys.stdout.write(f"{running.base_url}\n")
    sys.stdout.flush()
    running.serve_forever()
