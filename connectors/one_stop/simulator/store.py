"""The simulated system's own store, with the book of what is true and the book of all calls.

SQL stands here and nowhere else in the simulator. Everything that is answered was committed before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    create_engine,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import Insert

from connectors.one_stop.simulator.change import Change
from connectors.times import told

_TABLES = MetaData()
_ROWS = Table(
    "rows", _TABLES,
    Column("feed", Text, primary_key=True), Column("id", Text, primary_key=True),
    Column("time", Text, nullable=False), Column("body", Text, nullable=False),
)  # fmt: skip
_FACTS = Table(
    "facts", _TABLES,
    Column("dossier", Text, primary_key=True), Column("type", Text, primary_key=True),
    Column("own", Text, primary_key=True), Column("holds", Boolean, nullable=False),
)  # fmt: skip
_CALLS = Table(
    "calls", _TABLES,
    Column("number", Integer, primary_key=True), Column("service", Text, nullable=False),
    Column("asked", Text, nullable=False), Column("answered", Text, nullable=False),
)  # fmt: skip
_SESSIONS = Table("sessions", _TABLES, Column("session", Text, primary_key=True))
_NOTES = Table("notes", _TABLES, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
Index("rows_by_time", _ROWS.c.feed, _ROWS.c.time, _ROWS.c.id)


class Asked(NamedTuple):
    """A page that is asked for: ``size`` rows behind (``time``, ``id``) and before ``until``, ``skip`` left out."""

    feed: str
    time: str
    id: str
    until: str
    skip: int
    size: int


class StoredRow(NamedTuple):
    """A row with the time that it carries."""

    id: str
    time: str
    body: dict[str, Any]


class Fact(NamedTuple):
    """What is, or was, true of a dossier."""

    dossier: str
    type: str
    own: str


class Call(NamedTuple):
    """One call: what was asked, without session and password, and how it was answered."""

    service: str
    asked: dict[str, Any]
    answered: str


class Store:
    """One SQLite file. May be shared by threads."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{folder / 'one-stop.db'}")
        event.listen(self._engine, "connect", _prepare)
        _TABLES.create_all(self._engine)

    def apply(self, changes: Sequence[Change], *, not_before: str = "") -> None:
        """Store changes as they become visible; an older version never replaces a newer one."""
        rows = [_row(change, max(told(change.at), not_before)) for change in changes]
        facts = [fact for change in changes for fact in _facts(change)]
        with self._engine.begin() as connection:
            if rows:
                connection.execute(_newer_row(), rows)
            if facts:
                connection.execute(_newer_fact(), facts)

    def page(self, asked: Asked) -> Sequence[StoredRow]:
        """Return the rows of a page, by time and id."""
        behind = or_(_ROWS.c.time > asked.time, and_(_ROWS.c.time == asked.time, _ROWS.c.id > asked.id))
        query = select(_ROWS.c.id, _ROWS.c.time, _ROWS.c.body).where(_ROWS.c.feed == asked.feed, behind)
        if asked.until:
            query = query.where(_ROWS.c.time < asked.until)
        query = query.order_by(_ROWS.c.time, _ROWS.c.id).offset(asked.skip).limit(asked.size)
        with self._engine.connect() as connection:
            return [StoredRow(row.id, row.time, json.loads(row.body)) for row in connection.execute(query)]

    def touch(self, feed: str, ids: Iterable[str], time: str) -> None:
        """Give rows a new time, as an edit does that changes nothing else."""
        with self._engine.begin() as connection:
            connection.execute(update(_ROWS).where(_ROWS.c.feed == feed, _ROWS.c.id.in_(list(ids))).values(time=time))

    def facts(self, *, ever: bool = False) -> set[Fact]:
        """Return what the rows tell now, or what they ever told."""
        query = select(_FACTS.c.dossier, _FACTS.c.type, _FACTS.c.own)
        with self._engine.connect() as connection:
            found = connection.execute(query if ever else query.where(_FACTS.c.holds))
            return {Fact(*row) for row in found}

    def counts(self) -> Mapping[str, int]:
        """Return how many rows each feed has."""
        with self._engine.connect() as connection:
            found = connection.execute(select(_ROWS.c.feed, func.count().label("rows")).group_by(_ROWS.c.feed))
            return {row.feed: int(row.rows) for row in found}

    def add_session(self, session: str) -> None:
        """Let a session begin."""
        with self._engine.begin() as connection:
            connection.execute(insert(_SESSIONS).values(session=session))

    def has_session(self, session: str) -> bool:
        """Tell whether a session lives."""
        with self._engine.connect() as connection:
            query = select(_SESSIONS.c.session).where(_SESSIONS.c.session == session)
            return connection.execute(query).first() is not None

    def end_sessions(self) -> None:
        """End all sessions."""
        with self._engine.begin() as connection:
            connection.execute(delete(_SESSIONS))

    def record(self, call: Call) -> int:
        """Write a call into the book and return its number."""
        row = {"service": call.service, "asked": json.dumps(call.asked), "answered": call.answered}
        with self._engine.begin() as connection:
            number = connection.execute(insert(_CALLS).values(row)).inserted_primary_key
            return 0 if number is None else int(number[0])

    def calls(self) -> Sequence[Call]:
        """Return all calls, in order."""
        with self._engine.connect() as connection:
            found = connection.execute(select(_CALLS).order_by(_CALLS.c.number))
            return [Call(row.service, json.loads(row.asked), row.answered) for row in found]

    def note(self, name: str) -> str:
        """Return what was noted; empty where nothing was."""
        with self._engine.connect() as connection:
            found = connection.execute(select(_NOTES.c.value).where(_NOTES.c.name == name)).scalar_one_or_none()
        return found or ""

    def take_note(self, name: str, value: str) -> None:
        """Note something for the next start."""
        with self._engine.begin() as connection:
            added = sqlite.insert(_NOTES).values(name=name, value=value)
            connection.execute(added.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def close(self) -> None:
        """Close the file. May be repeated."""
        self._engine.dispose()


def _newer_row() -> Insert:
    row = sqlite.insert(_ROWS)
    return row.on_conflict_do_update(
        index_elements=["feed", "id"],
        set_={"time": row.excluded.time, "body": row.excluded.body},
        where=row.excluded.time >= _ROWS.c.time,
    )


def _newer_fact() -> Insert:
    fact = sqlite.insert(_FACTS)
    return fact.on_conflict_do_update(
        index_elements=["dossier", "type", "own"], set_={"holds": fact.excluded.holds}
    )  # fmt: skip


def _row(change: Change, time: str) -> dict[str, Any]:
    body = json.dumps(change.body, ensure_ascii=False)
    return {"feed": change.feed, "id": change.id, "time": time, "body": body}


def _facts(change: Change) -> Iterator[dict[str, Any]]:
    for holds, facts in ((True, change.facts), (False, change.undone)):
        for kind, own in facts:
            yield {"dossier": change.dossier, "type": kind, "own": own, "holds": holds}


def _prepare(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")
