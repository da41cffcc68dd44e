"""One log with its three faces, and what this process holds of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bus.transports.sqlite.admin import SqliteAdmin
from bus.transports.sqlite.cursors import Claim, take_cursor
from bus.transports.sqlite.directory import Directory
from bus.transports.sqlite.disk import DiskStore
from bus.transports.sqlite.log import SqliteLog
from bus.transports.sqlite.members import Member
from bus.transports.sqlite.options import Options, checked_name
from bus.transports.sqlite.store import MemoryStore, Store


class SqliteEngine:
    """An ``Engine``. Threads share it; a forked child opens its own."""

    def __init__(self, path: Path | None, options: Options) -> None:
        self._store: Store = MemoryStore() if path is None else DiskStore(path, options)
        self._directory = Directory(self._store)
        self._lease_s = options.lease_s
        self._members: list[Member] = []
        self._claims: list[Claim] = []
        self._is_closed = False
        self.log = SqliteLog(self._store, self._directory, options.inbox_days)
        self.admin = SqliteAdmin(self._store, options.inbox_days)

    def join(self, group: str, topics: Sequence[str]) -> Member:
        """Become a member of ``group``. Raises :class:`~bus.errors.TopicNotFound`."""
        member = Member(self._store, self._directory, checked_name("group", group), topics, self._lease_s)
        self._members = [*(known for known in self._members if not known.has_left), member]
        return member

    def claim(self, cursor: str) -> Claim:
        """Take a source's cursor. Raises :class:`~bus.errors.Claimed`."""
        claim = take_cursor(self._store, checked_name("cursor", cursor))
        self._claims = [*(known for known in self._claims if not known.is_released), claim]
        return claim

    def close(self) -> None:
        """Leave all groups, give all claims back, and close."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            for member in self._members:
                member.leave()
            for claim in self._claims:
                claim.release()
        finally:
            self._store.close()
