"""Three small kinds of connectors for the server's tests, and a serving process: in a thread, or one of its own.

``hook`` takes withdrawals, ``list`` brings the words of its configuration, ``box`` writes events into a file beside it.
As a process: ``python -m tests.connectors.serving_world serve …``, which is ``lienthong`` with these kinds installed.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

import yaml

from bus import replays
from bus.cli.session import Session
from bus.envelope import Envelope, event_id
from bus.errors import ConfigError, CredentialsRefused, PartnerUnavailable
from bus.records import NewRecord
from bus.settings import load
from bus.transport import Commit, Saved
from connectors import installed
from connectors.sdk import Batch, Delivery, Fetched, Operation, Part
from connectors.serving import Address, serve
from tests.connectors.doubles import ListSource
from tests.connectors.hooks import WithdrawalHook, a_call, withdrawal


class WordSource(ListSource):
    """Each word withdraws a dossier for that reason; `trouble` is raised by the first fetches."""

    def __init__(self, name: str, words: Sequence[str], trouble: Sequence[Exception]) -> None:
        super().__init__(words, name=name)
        self._trouble = list(trouble)

    def fetch(self, cursor: bytes | None) -> Batch:
        """Fail first, then return two words."""
        if self._trouble:
            raise self._trouble.pop(0) if len(self._trouble) > 1 else self._trouble[0]
        return super().fetch(cursor)

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return one event for a word."""
        return [withdrawal(self.name, event_id(self.name, item.value), "H56.14-261124-0001", item.value)]


class Recovering(WordSource):
    """Its last trouble goes by too."""

    def fetch(self, cursor: bytes | None) -> Batch:
        """Fail as often as there is trouble."""
        if self._trouble:
            raise self._trouble.pop(0)
        return super().fetch(cursor)


class BoxSink:
    """Writes the reason of each withdrawal into a file, a line each, and takes its time where it is told to."""

    topics, accepts, not_from = ("dossier.events",), frozenset({"DossierWithdrawn"}), frozenset[str]()
    settles_after_s = 0.0

    def __init__(self, name: str, file: Path, slow_s: float = 0.0) -> None:
        self.name, self._file, self._slow_s = name, file, slow_s

    def operation(self, event: Envelope) -> Operation | None:
        """Write it down."""
        return Operation("write", str(event.id), repeatable=True)

    def deliver(self, delivery: Delivery) -> bytes:
        """Write a line."""
        with self._file.open("a", encoding="utf-8") as box:
            box.write(f"{delivery.event.payload['reason']}\n")
        time.sleep(self._slow_s)
        return b""

    def settle(self, _delivery: Delivery) -> bytes | None:
        """Never asked."""
        return None

    def close(self) -> None:
        """Nothing is open."""


class Kind:
    """A kind whose configuration says what its part does."""

    def __init__(self, name: str, make: Callable[[Mapping[str, Any], Path], Part]) -> None:
        self.name, self.summary, self._make = name, f"A {name} for tests.", make

    def open(self, config: Path) -> Sequence[Part]:
        """Return the one part."""
        given = yaml.safe_load(config.read_text("utf-8"))
        if not isinstance(given, dict):
            raise ConfigError(f"{config.name} has no keys", hint="Write one.")
        return [self._make(given, config.parent)]

    def load(self) -> Kind:
        """Stand for an entry point."""
        return self


TROUBLES: Mapping[str, Exception] = {
    "credentials": CredentialsRefused("the partner refuses us (401)"),
    "outage": PartnerUnavailable("the partner is down", wait_s=0.05),
    "fault": KeyError("Nguyễn Văn Bí Mật"),
}


def replay_all(data: Path) -> None:
    """Copy all records of ``dossier.events`` to where everybody reads replays, as a run with a bookmark would."""
    session = Session(load({}, data, data=data))
    log, claim = session.engine.log, session.engine.claim(f"{replays.CURSOR}r1")
    found = [one for at, span in log.ends("dossier.events").items() for one in log.read(at, span.first, 1000)]
    copies = [
        NewRecord(
            topic=replays.TOPIC, key=one.key, value=one.value,
            headers=(*one.headers, *replays.marks(b"r1", b"2026-11-24T05:00:00.000Z", one)),
        ) for one in found
    ]  # fmt: skip
    log.commit(Commit(appends=copies, cursor=Saved(name=f"{replays.CURSOR}r1", value=b"all", epoch=claim.epoch)))
    claim.release()
    session.close()


def _source(given: Mapping[str, Any], _folder: Path) -> Part:
    kind = Recovering if given.get("recovers") else WordSource
    trouble = [TROUBLES[name] for name in given.get("trouble", ())]
    return kind(given.get("name", "list"), str(given.get("words", "")).split(), trouble)


def _box(given: Mapping[str, Any], folder: Path) -> Part:
    return BoxSink(given.get("name", "box"), folder / "box.txt", given.get("slow_s", 0.0))


KINDS: Mapping[str, Kind] = {
    "hook": Kind("hook", lambda given, _: WithdrawalHook(given.get("name", "withdrawals"))),
    "list": Kind("list", _source),
    "box": Kind("box", _box),
}


class Answer(NamedTuple):
    """What an HTTP server said."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class Served:
    """A serving process, or thread, from outside."""

    def __init__(self, base_url: str) -> None:
        self.host, self.port = base_url.removeprefix("http://").split(":")

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Make one call on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, int(self.port), timeout=10)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
        finally:
            connection.close()

    def notify(self, notice: str, dossier: str = "H56.14-261124-0001", reason: str = "rút", hook: str = "withdrawals",
               ) -> Answer:  # fmt: skip
        """Send a notice that is signed now."""
        call = a_call(notice, dossier, reason, at_s=int(time.time()))
        return self.ask("POST", f"/hooks/{hook}", call.body, call.headers)

    def parts(self) -> dict[str, Any]:
        """Return how each part stands, by kind and name."""
        return {f"{part['kind']} {part['name']}": part for part in self.ask("GET", "/ready").json["parts"]}

    def until(self, what: Callable[[dict[str, Any]], object], patience_s: float = 20.0) -> dict[str, Any]:
        """Wait until the parts stand so."""
        deadline = time.monotonic() + patience_s
        while not what(parts := self.parts()):
            assert time.monotonic() < deadline, parts
            time.sleep(0.02)
        return parts


def write_configs(data: Path, **configs: object) -> Path:
    """Write configurations; `list__other` is the instance `other` of `list`."""
    folder = data / "connectors"
    folder.mkdir(parents=True, exist_ok=True)
    for name, keys in configs.items():
        (folder / f"{name.replace('__', '.')}.yaml").write_text(yaml.safe_dump(keys), "utf-8")
    return folder


@contextmanager
def serving(data: Path, **configs: object) -> Iterator[Served]:
    """Serve in a thread on a free port. The kinds must be installed."""
    folder, stop, heard = write_configs(data, **configs), Event(), Event()
    session = Session(load({}, data, data=data))
    found: list[str] = []

    def started(base_url: str, _parts: object) -> None:
        found.append(base_url)
        heard.set()

    def work() -> None:
        try:
            serve(session, folder, Address(host="127.0.0.1", port=0), stop, started)
        finally:
            heard.set()

    thread = Thread(target=work)
    thread.start()
    heard.wait()
    try:
        yield Served(found[0])
    finally:
        stop.set()
        thread.join()
        session.close()


def main(arguments: Sequence[str]) -> int:
    """Be ``lienthong`` with these kinds."""
    from bus.cli.root import run

    installed._points = lambda: dict(KINDS)  # type: ignore[assignment, return-value]
    return run(list(arguments))


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
