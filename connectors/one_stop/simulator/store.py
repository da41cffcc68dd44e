"""The simulated system's own store: rows, what is true, what was sent to it, and the book of all calls.

Everything that is answered was committed before. Other processes may read the file: ``dossiers``, ``facts``,
``bad_rows`` and ``calls`` are the books that a demo or a test holds against the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from connectors import simulation
from connectors.one_stop.feeds import FEEDS
from connectors.one_stop.simulator.change import Change
from connectors.times import told

_TABLES = """
CREATE TABLE IF NOT EXISTS rows (
    feed TEXT NOT NULL, id TEXT NOT NULL, time TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (feed, id));
CREATE INDEX IF NOT EXISTS rows_by_time ON rows (feed, time, id);
CREATE TABLE IF NOT EXISTS facts (
    dossier TEXT NOT NULL, type TEXT NOT NULL, own TEXT NOT NULL, holds INTEGER NOT NULL,
    PRIMARY KEY (dossier, type, own)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bad_rows (
    feed TEXT NOT NULL, id TEXT NOT NULL, dossier TEXT NOT NULL, PRIMARY KEY (feed, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dossiers (
    code TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, status TEXT NOT NULL, is_final INTEGER NOT NULL,
    changes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent (
    place INTEGER PRIMARY KEY, dossier TEXT NOT NULL, service TEXT NOT NULL, reference TEXT NOT NULL,
    item TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS sent_by_dossier ON sent (dossier, place);
CREATE TABLE IF NOT EXISTS links (reference TEXT PRIMARY KEY, url TEXT NOT NULL, opened INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (session TEXT PRIMARY KEY);
"""
_ROW = """INSERT INTO rows (feed, id, time, body) VALUES (?, ?, ?, ?)
ON CONFLICT (feed, id) DO UPDATE SET time = excluded.time, body = excluded.body WHERE excluded.time >= time"""
_FACT = """INSERT INTO facts (dossier, type, own, holds) VALUES (?, ?, ?, ?)
ON CONFLICT (dossier, type, own) DO UPDATE SET holds = excluded.holds"""


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


class Case(NamedTuple):
    """Where a dossier stands: its number, and how many of its changes were brought in."""

    number: int
    changes: int


class Sent(NamedTuple):
    """A thing that was sent to the system: the service that took it, the sender's name for it, and its content."""

    service: str
    reference: str
    item: dict[str, Any]


class Store(simulation.Store):
    """One SQLite file, ``folder/one-stop.db``. May be shared by threads."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "one-stop", _TABLES)

    # -- what is there to be polled ---------------------------------------------------------------------------

    def apply(self, changes: Sequence[Change], *, not_before: str = "") -> None:
        """Store changes as they become visible; an older version never replaces a newer one."""
        with self.transaction():
            self.change_all(_ROW, [_row(change, max(told(change.at), not_before)) for change in changes])
            self.change_all(_FACT, [fact for change in changes for fact in _facts(change)])
            bad = [(change.feed, change.id, change.dossier) for change in changes if change.is_bad]
            self.change_all("INSERT OR IGNORE INTO bad_rows (feed, id, dossier) VALUES (?, ?, ?)", bad)

    def page(self, asked: Asked) -> Sequence[StoredRow]:
        """Return the rows of a page, by time and id."""
        until = asked.until or "9"
        found = self.rows(
            "SELECT id, time, body FROM rows WHERE feed = ? AND (time, id) > (?, ?) AND time < ? "
            "ORDER BY time, id LIMIT ? OFFSET ?",
            asked.feed, asked.time, asked.id, until, asked.size, asked.skip,
        )  # fmt: skip
        return [StoredRow(row[0], row[1], msgspec.json.decode(row[2])) for row in found]

    def touch(self, feed: str, ids: Iterable[str], time: str) -> None:
        """Give rows a new time, as an edit does that changes nothing else."""
        self.change_all("UPDATE rows SET time = ? WHERE feed = ? AND id = ?", [(time, feed, name) for name in ids])

    def newest(self) -> str:
        """Return the newest time that any row carries; empty where there is none."""
        return max(self.rows("SELECT max(time) FROM rows WHERE feed = ?", feed)[0][0] or "" for feed in FEEDS)

    # -- the books --------------------------------------------------------------------------------------------

    def facts(self, *, ever: bool = False) -> set[Fact]:
        """Return what the rows tell now, or what they ever told."""
        return {Fact(*row) for row in self.rows("SELECT dossier, type, own FROM facts WHERE holds OR ?", ever)}

    def counts(self) -> Mapping[str, int]:
        """Return how many rows each feed has."""
        return dict(self.rows("SELECT feed, count(*) FROM rows GROUP BY feed"))

    # -- dossiers that are decided by what comes in ----------------------------------------------------------

    def case(self, code: str) -> Case | None:
        """Return where a dossier stands; None if there is none of that code."""
        found = self.rows("SELECT number, changes FROM dossiers WHERE code = ?", code)
        return Case(*found[0]) if found else None

    def set_case(self, code: str, case: Case, status: str, *, is_final: bool) -> None:
        """Say where a dossier stands now."""
        self.change(
            "INSERT INTO dossiers (code, number, status, is_final, changes) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (code) DO UPDATE SET status = excluded.status, is_final = excluded.is_final, "
            "changes = excluded.changes",
            code, case.number, status, int(is_final), case.changes,
        )  # fmt: skip

    def filed(self) -> int:
        """Return how many dossiers were filed: those of the first numbers."""
        return int(self.rows("SELECT coalesce(max(number) + 1, 0) FROM dossiers")[0][0])

    def keep_sent(self, dossier: str, sent: Sent) -> None:
        """Keep what was sent, behind all that was sent before."""
        item = msgspec.json.encode(sent.item).decode()
        self.change("INSERT INTO sent (dossier, service, reference, item) VALUES (?, ?, ?, ?)",
                    dossier, sent.service, sent.reference, item)  # fmt: skip

    def sent(self, dossier: str) -> Sequence[Sent]:
        """Return what was sent about a dossier, in order."""
        found = self.rows("SELECT service, reference, item FROM sent WHERE dossier = ? ORDER BY place", dossier)
        return [Sent(row[0], row[1], msgspec.json.decode(row[2])) for row in found]

    # -- links by which citizens pay --------------------------------------------------------------------------

    def add_link(self, reference: str, url: str) -> None:
        """Remember a link that is to be opened; one that is known stays as it is."""
        self.change("INSERT OR IGNORE INTO links (reference, url, opened) VALUES (?, ?, 0)", reference, url)

    def links(self) -> Sequence[tuple[str, str]]:
        """Return the payments' references and links that were not opened yet."""
        return [(row[0], row[1]) for row in self.rows("SELECT reference, url FROM links WHERE NOT opened")]

    def open_link(self, reference: str) -> None:
        """Remember that a link was opened."""
        self.change("UPDATE links SET opened = 1 WHERE reference = ?", reference)

    # -- sessions ---------------------------------------------------------------------------------------------

    def add_session(self, session: str) -> None:
        """Let a session begin."""
        self.change("INSERT INTO sessions (session) VALUES (?)", session)

    def has_session(self, session: str) -> bool:
        """Tell whether a session lives."""
        return bool(self.rows("SELECT 1 FROM sessions WHERE session = ?", session))

    def end_sessions(self) -> None:
        """End all sessions."""
        self.change("DELETE FROM sessions")

    def change_all(self, sql: str, many: Iterable[tuple[Any, ...]]) -> None:
        """Do a statement for each of these values, all or none."""
        with self.transaction():
            for values in many:
                self.change(sql, *values)


def _row(change: Change, time: str) -> tuple[str, str, str, str]:
    return change.feed, change.id, time, msgspec.json.encode(change.body).decode()


def _facts(change: Change) -> Iterator[tuple[str, str, str, int]]:
    for holds, facts in ((1, change.facts), (0, change.undone)):
        for kind, own in facts:
            yield change.dossier, kind, own, holds
