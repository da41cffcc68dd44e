"""What the demo breaks on purpose, once for each folder of data: the log's inbox remembers that it was done."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from time import monotonic

from bus import Commit, Engine, NewRecord, event_id
from bus.errors import Duplicate
from bus.supervisor import Supervisor
from bus.transport import Seen
from connectors.demo.look import Look

SOURCE = "demo"
_POISON = b"\x00\xff\xff\xff\xffno value of any contract"

Say = Callable[..., None]


def poison(engine: Engine, say: Say) -> None:
    """Put a record on ``dossier.events`` that nobody can decode: who subscribes to its type has to bury it."""
    name = event_id(SOURCE, "poison")
    headers = (
        ("ce_specversion", b"1.0"), ("ce_id", str(name).encode()), ("ce_type", b"DossierStepDone"),
        ("ce_source", SOURCE.encode()), ("ce_subject", b"poison"), ("ce_time", b"2025-06-26T00:41:00.000Z"),
        ("content-type", b"application/avro"),
    )  # fmt: skip
    if _is_first(engine, "poison", NewRecord(topic="dossier.events", key=b"poison", value=_POISON, headers=headers)):
        say("poison")


class Murder:
    """Kills the police's process, once about a third of the dossiers is final, and tells how it caught up."""

    _SERVICE, _GROUP = "agency.police", "police"

    def __init__(self, engine: Engine, supervisor: Supervisor, say: Say) -> None:
        self._engine, self._supervisor, self._say = engine, supervisor, say
        self._is_over = False
        self._killed_at: float | None = None
        self._before = self._worst = 0

    def hear(self, look: Look, dossiers: int) -> None:
        """Do what is due by this look."""
        if self._is_over:
            return
        lag = look.lags.get(self._GROUP, 0)
        if self._killed_at is None:
            if look.final * 3 >= dossiers:
                self._kill(lag)
            return
        self._worst = max(self._worst, lag)
        has_restarted = self._supervisor.pid(self._SERVICE) not in (None, self._pid)
        if has_restarted and lag <= self._before:
            self._say("caught_up", backlog=self._worst, seconds=monotonic() - self._killed_at)
            self._is_over = True

    def _kill(self, lag: int) -> None:
        self._pid = self._supervisor.pid(self._SERVICE)
        if self._pid is None:
            return
        if not _is_first(self._engine, "kill police"):
            self._is_over = True
            return
        os.kill(self._pid, signal.SIGKILL)
        self._killed_at, self._before = monotonic(), lag
        self._say("killed", pid=self._pid, backlog=lag)


def _is_first(engine: Engine, what: str, *records: NewRecord) -> bool:
    """Append records together with the note that this was done; tell whether it was not done before."""
    try:
        engine.log.commit(Commit(appends=records, seen=[Seen(scope=SOURCE, id=event_id(SOURCE, what).bytes)]))
    except Duplicate:
        return False
    return True
