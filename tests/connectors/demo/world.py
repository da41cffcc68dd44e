"""What the demo's tests share: a log with the catalogue, results of dossiers, and a log that dies before a commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bus.cli.session import Session
from bus.codec.defaults import complete
from bus.envelope import Envelope, event_id
from bus.records import Place, Record
from bus.settings import load
from bus.transport import Commit, ConsumerGroup, Engine
from registry.apply import apply_catalogue

NOON = datetime(2025, 7, 2, 5, tzinfo=UTC)
CODE = "H31.14-20250702-0001"


@contextmanager
def a_session(folder: Path) -> Iterator[Session]:
    """Open an installation in a folder, brought to the catalogue."""
    session = Session(load({}, folder, data=folder))
    apply_catalogue(session.engine, session.registry, session.catalogue)
    yield session
    session.close()


def an_event(session: Session, event_type: str, own: str = "", *, code: str = CODE, source: str = "one-stop",
             **payload: Any) -> Envelope:  # fmt: skip
    """Return an event of a dossier; what its payload does not name has the contract's default."""
    given: Mapping[str, Any] = {"dossierCode": {"code": code, "codeSystem": "VN-DOSSIER"}, **payload}
    return Envelope(
        id=event_id(source, f"{code}/{event_type}/{own}"), type=event_type, source=source, key=code, time=NOON,
        payload=complete(session.catalogue.event(event_type).schema, given), correlation=code,
    )  # fmt: skip


def a_result(session: Session, kind: str = "KQ.G15.000001", *, code: str = CODE) -> Envelope:
    """Return a result of a dossier: a birth certificate, unless another kind is asked for."""
    return an_event(
        session, "ResultIssued", kind, code=code, kind={"code": kind, "codeSystem": "VN-COMPONENT"}, fileId=f"KQ-{code}"
    )


def publish(session: Session, *events: Envelope) -> Sequence[Place]:
    """Put events into the log."""
    return session.engine.log.commit(Commit(appends=[session.wire.encode(event) for event in events]))


def records(session: Session, topic: str) -> list[Record]:
    """Return a topic's records, partition by partition."""
    log = session.engine.log
    return [one for where, span in log.ends(topic).items() for one in log.read(where, span.first, 100_000)]


def told(session: Session, source: str) -> list[Envelope]:
    """Return the events in the log that this source tells."""
    found = [session.wire.decode(record) for record in records(session, "dossier.events")]
    return [event for event in found if event.source == source]


class Killed(BaseException):
    """The process is gone."""


class DyingEngine:
    """A log that dies before the next commit, once."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._is_alive = engine, False
        self.admin = engine.admin

    @property
    def log(self) -> Any:
        """The log, which asks this engine before it commits."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine.log, name)

    def commit(self, commit: Commit) -> Sequence[Place]:
        """Die, the first time."""
        if not self._is_alive:
            self._is_alive = True
            raise Killed
        return self._engine.log.commit(commit)

    def join(self, group: str, topics: Sequence[str]) -> ConsumerGroup:
        """Join the group."""
        return self._engine.join(group, topics)
