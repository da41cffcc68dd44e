"""The door over real HTTP: whole requests below the limits are taken, and nothing else."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from threading import Event, Thread
from typing import Any

import pytest

from bus.errors import ConfigError, LienthongError
from connectors.ingress import MAX_BODY_BYTES, Door, Intake, make_app
from connectors.sdk import Call, Fetched, Said, Verdict, Webhook
from tests.connectors.hooks import WithdrawalHook, a_call
from tests.connectors.serving_world import Served
from tests.contracts.webhook import House

PATH = "/hooks/withdrawals"


class Raising(WithdrawalHook):
    """Has a fault of its own."""

    def read(self, call: Call) -> Fetched:
        """Raise what quotes a person."""
        raise KeyError("Nguyễn Văn Bí Mật")


class Speechless(WithdrawalHook):
    """Takes notices, and cannot say so."""

    def answer(self, verdict: Verdict, _item: Fetched | None, _error: LienthongError | None) -> Said:
        """Fail."""
        raise ValueError("no words")


class Slow(WithdrawalHook):
    """Waits in the middle of a notice."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.begun, self.go = Event(), Event()

    def examine(self, item: Fetched) -> None:
        """Say that it has begun, and wait."""
        self.begun.set()
        self.go.wait()


class World(Served):
    """A door with some webhooks, and the log behind it."""

    def __init__(self, door: Door, house: House, hooks: Mapping[str, Webhook]) -> None:
        super().__init__(door.base_url)
        self.door, self.house, self.hooks = door, house, hooks

    def say(self, raw: bytes) -> bytes:
        """Send bytes as they are, stop sending, and return all that comes back, until the other side has enough."""
        answer = b""
        line = socket.create_connection((self.host, int(self.port)), timeout=10)
        with closing(line):
            try:
                line.sendall(raw)
                line.shutdown(socket.SHUT_WR)
                while piece := line.recv(65536):
                    answer += piece
            except OSError as error:
                if isinstance(error, TimeoutError):
                    raise
        return answer


@pytest.fixture
def world() -> Iterator[World]:
    others: list[Webhook] = [Raising("raising"), Speechless("speechless"), Slow()]
    hooks: dict[str, Webhook] = {hook.name: hook for hook in (WithdrawalHook(), *others)}
    with closing(House(hooks["withdrawals"])) as house:
        app = make_app(Intake(house.log, house.wire), hooks, lambda: (False, {"ready": False}))
        with Door(app) as door:
            yield World(door, house, hooks)


def raw_call(world: World, *, cut: int = 0, **headers: Any) -> bytes:
    """Return a good request as bytes, with its last ones cut off and some headers added."""
    call = a_call("raw", at_s=int(time.time()))
    named = {**call.headers, "host": "x", "content-length": str(len(call.body)),
             **{name.replace("_", "-"): value for name, value in headers.items()}}  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items() if value is not None)
    return f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + call.body[: len(call.body) - cut]


def test_a_notice_is_taken_once_and_answered_in_its_webhooks_words(world: World) -> None:
    answers = [world.notify("n-1") for _ in range(3)]
    assert [(answer.status, answer.json["result"]) for answer in answers] == [
        (200, "accepted"), (200, "known"), (200, "known"),
    ]  # fmt: skip
    assert len(world.house.ids()) == 1


def test_what_nobody_signed_is_refused(world: World) -> None:
    assert world.ask("POST", PATH, b"{}").status == world.ask("GET", f"{PATH}?a=1").status == 401
    assert (world.house.ids(), world.house.letters()) == ([], [])


@pytest.mark.parametrize("path", ["/hooks/other", "/hooks/", "/hooks", "/", "/hooks/a/b", "/hooks/%00", "/hooks/%ff",
                                  f"{PATH}/", "/hooks/../health/x"])  # fmt: skip
def test_an_unknown_path_is_not_found(world: World, path: str) -> None:
    assert world.ask("POST", path, b"{}").status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
def test_only_get_and_post_are_spoken(world: World, method: str) -> None:
    assert world.ask(method, PATH).status == 405


def test_a_body_over_the_limit_is_not_taken(world: World) -> None:
    exact, over = (world.ask("POST", PATH, b"x" * size).status for size in (MAX_BODY_BYTES, MAX_BODY_BYTES + 1))
    assert (exact, over) == (401, 413)


def test_a_body_in_pieces_over_the_limit_is_not_taken(world: World) -> None:
    piece = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    said = world.say(head + piece * 5 + b"0\r\n\r\n").split(b"\r\n")[0]
    assert said == b"" or b" 413 " in said


def test_a_body_in_pieces_below_the_limit_is_taken_whole(world: World) -> None:
    whole = raw_call(world, content_length=None, transfer_encoding="chunked", connection="close")
    head, _, body = whole.partition(b"\r\n\r\n")
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:10], body[10:]))
    assert b" 200 " in world.say(head + b"\r\n\r\n" + pieces + b"0\r\n\r\n").split(b"\r\n")[0]


def test_half_a_body_is_never_taken(world: World) -> None:
    assert b"200" not in world.say(raw_call(world, cut=1))
    assert b"200" in world.say(raw_call(world, connection="close"))
    assert len(world.house.ids()) == 1


def test_headers_over_the_limit_are_not_read(world: World) -> None:
    said = world.say(raw_call(world, x="y" * 17_000)).split(b"\r\n")[0]
    assert (said == b"" or b" 431 " in said, world.house.ids()) == (True, [])


@pytest.mark.parametrize("raw", [b"\x00" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"POST /hooks/withdrawals HTTP/1.1\r\n",
                                 b"GET /hooks/withdrawals?%ff\xff HTTP/1.1\r\nhost: x\r\n\r\n"])  # fmt: skip
def test_what_is_no_request_breaks_nothing(world: World, raw: bytes) -> None:
    assert b" 200 " not in world.say(raw)
    assert world.notify("n-1").status == 200


def test_a_fault_of_a_webhook_is_no_success_and_is_logged_by_its_class(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    answer = world.ask("POST", "/hooks/raising", b"{}")
    assert (answer.status, answer.headers["retry-after"], answer.json) == (503, "2", {"result": "busy"})
    failed = next(record for record in caplog.records if record.getMessage() == "a webhook failed")
    told = json.dumps([vars(record) for record in caplog.records], ensure_ascii=False, default=str)
    assert (vars(failed)["lienthong_facts"]["hook"], "KeyError" in told, "Bí Mật" in told) == ("raising", True, False)


def test_a_webhook_that_cannot_even_answer_has_the_partner_come_again(world: World) -> None:
    for _ in range(2):
        assert world.notify("n-1", hook="speechless").status == 503
    assert len(world.house.ids()) == 1


def test_a_log_without_room_asks_the_partner_to_come_again(world: World) -> None:
    world.house.log.full = True
    full = world.notify("n-1")
    world.house.log.full = False
    assert (full.status, full.headers["retry-after"], world.notify("n-1").json["result"]) == (503, "2", "accepted")


def test_watchers_are_told(world: World) -> None:
    world.notify("n-1")
    assert (world.ask("GET", "/health").json, world.ask("GET", "/ready").status) == ({"status": "up"}, 503)
    text = world.ask("GET", "/metrics").body.decode()
    assert 'lienthong_notices_total{hook="withdrawals",verdict="accepted"}' in text


def test_a_door_that_closes_answers_what_has_come(world: World) -> None:
    slow = world.hooks["slow"]
    assert isinstance(slow, Slow)
    answers = []
    caller = Thread(target=lambda: answers.append(world.notify("n-1", hook="slow")))
    caller.start()
    slow.begun.wait()
    closer = Thread(target=world.door.close)
    closer.start()
    slow.go.set()
    caller.join()
    closer.join()
    assert (answers[0].status, len(world.house.ids())) == (200, 1)


def test_a_port_that_is_taken_is_a_sentence(world: World) -> None:
    with pytest.raises(ConfigError, match="cannot be listened on"):
        Door(lambda *_: [], port=int(world.port))
