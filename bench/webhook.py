"""How long a partner waits for the answer to a notice, two hundred a second, each sent at its fixed time.

The control is a bare falcon application on waitress that checks the same signature and makes the same rows durable in
one transaction of sqlite3 each, with nothing around it. Both are called over HTTP by this process, and run in one of
their own; a notice is timed from the moment when it was due, so who falls behind is not spared.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import falcon

from bench.bare import Bare, encoded
from bench.children import child, until_input_ends
from bench.event import an_event
from bench.row import Row, cost, rate, rounds
from bench.world import TOPIC, a_folder, a_wire, an_engine
from bus.envelope import Envelope, event_id
from bus.errors import LienthongError
from connectors.ingress import Door, Intake, make_app
from connectors.sdk import Call, Fetched, Said, Verdict
from connectors.signing import prove, signed

_ROUNDS, _SECONDS, _A_SECOND = 5, 3, 200
_WARM = 40
_SENDERS = 8
_KEY = b"an invented key of 32 bytes ....."
_STATUS = {Verdict.ACCEPTED: 200, Verdict.KNOWN: 200, Verdict.REFUSED: 422, Verdict.NOT_PROVEN: 401, Verdict.BUSY: 503}
_SAID = b'{"result":"ok"}'


class Hook:
    """A small partner's webhook: notices signed as Standard Webhooks ask, one event each."""

    name, topic = "bench", TOPIC

    def read(self, call: Call) -> Fetched:
        """Prove and parse."""
        notice = prove(call, [_KEY])
        return Fetched(raw=call.body, value=json.loads(call.body)["code"], place="a notice", native_id=notice)

    def examine(self, item: Fetched) -> None:
        """Nothing was asked."""

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return the event."""
        return [_event(item.native_id, item.value)]

    def answer(self, verdict: Verdict, _item: Fetched | None, _error: LienthongError | None) -> Said:
        """Say a word."""
        return Said(status=_STATUS[verdict], body=_SAID)

    def close(self) -> None:
        """Nothing is open."""


class BareHook:
    """The same by hand: one connection under a lock, one transaction for each notice."""

    def __init__(self, bare: Bare) -> None:
        self._bare, self._lock = bare, Lock()

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Prove, parse, encode, and make it durable with its id."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.bounded_stream.read()
        call = Call(method="POST", path=request.path, query="", headers=headers, body=body, at=int(time.time() * 1000))
        notice = prove(call, [_KEY])
        event = _event(notice, json.loads(body)["code"])
        rows = encoded([event])
        with self._lock:
            self._bare.append_once(event.id.bytes, rows)
        response.data = _SAID


def rows() -> list[Row]:
    """Measure ``webhook.p99``, in milliseconds, and ``webhook.answered``, the share of notices that had success."""
    shares: dict[str, list[float]] = {"serve": [], "bare": []}

    def p99_of(job: str) -> float:
        waits, share = _called(job)
        shares[job].append(share)
        return sorted(waits)[len(waits) * 99 // 100]

    waited = rounds(_ROUNDS, lambda: p99_of("serve"), lambda: p99_of("bare"))
    return [
        cost("webhook.p99", *waited, "ms", 0.5),
        rate("webhook.answered", shares["serve"], [1.0] * _ROUNDS, "of 1", 1.0),
    ]


def _called(job: str) -> tuple[list[float], float]:
    """Send notices at their times; return how long each waited, in milliseconds, and the share with success."""
    with a_folder() as folder, child("webhook", job, folder) as server:
        port = int(server.line())
        calls = [_call(number) for number in range(_WARM + _SECONDS * _A_SECOND)]
        found: dict[int, tuple[float, int]] = {}
        begin = time.monotonic() + 0.1
        senders = [Thread(target=_send, args=(port, calls, first, begin, found)) for first in range(_SENDERS)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    counted = [found[number] for number in range(_WARM, len(calls))]
    return [waited_ms for waited_ms, _ in counted], sum(status == 200 for _, status in found.values()) / len(calls)


def _send(port: int, calls: Sequence[Any], first: int, begin: float, found: dict[int, tuple[float, int]]) -> None:
    """Send every so-manieth notice on one connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.connect()
        for number in range(first, len(calls), _SENDERS):
            due = begin + number / _A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            headers, body = calls[number]
            connection.request("POST", "/hooks/bench", body, headers)
            with connection.getresponse() as answer:
                answer.read()
            found[number] = ((time.monotonic() - due) * 1000, answer.status)


def _call(number: int) -> tuple[Mapping[str, str], bytes]:
    body = json.dumps({"code": f"H56.14-261124-{number:04}"}).encode()
    return signed(_KEY, f"notice-{number}", int(time.time()), body), body


def _event(notice: str, code: str) -> Envelope:
    payload = an_event(vietnamese=False)
    return Envelope(
        id=event_id("bench", notice), type="DossierReceived", source="bench", key=code, time=payload["receivedAt"],
        payload=payload | {"dossierCode": code}, correlation=code,
    )  # fmt: skip


def _job_serve(folder: Path) -> None:
    with closing(an_engine(folder)) as engine:
        _listen(make_app(Intake(engine.log, a_wire()), {"bench": Hook()}, lambda: (True, {})))


def _job_bare(folder: Path) -> None:
    app = falcon.App()
    with closing(Bare(folder / "bare.db")) as bare:
        app.add_route("/hooks/bench", BareHook(bare))
        _listen(app)


def _listen(app: Any) -> None:
    """Serve as both are served, until the bench has enough."""
    over = Event()
    until_input_ends(over.set)
    with Door(app) as door:
        print(door.port, flush=True)
        over.wait()


if __name__ == "__main__":
    {"serve": _job_serve, "bare": _job_bare}[sys.argv[1]](Path(sys.argv[2]))
