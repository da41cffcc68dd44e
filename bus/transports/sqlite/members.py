"""Consumer groups: who holds which partition, under which epoch.

Every change of an owner raises the claim's epoch, so a commit under an older one is refused. A dead member is
known by its kernel lock, a hanging one by its lease, and one from before a restart of the machine by its boot id.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from sqlite3 import Connection
from typing import NamedTuple

from bus.errors import DamagedStore, Fenced, TransportError
from bus.records import TopicPartition
from bus.transport import Held
from bus.transports.sqlite.directory import Directory
from bus.transports.sqlite.liveness import boot_id, boot_ms
from bus.transports.sqlite.sharing import Shares, share, shares
from bus.transports.sqlite.store import Store, snapshot, transaction

_LOOK_EVERY_S = 0.2


class Survey(NamedTuple):
    """What a look at the group found: the dead, and what this member should do."""

    dead: tuple[str, ...]
    shares: Shares
    is_member: bool

    @property
    def asks_for_nothing(self) -> bool:
        """Say whether everything may stay as it is."""
        return self.is_member and not (self.dead or self.shares.take or self.shares.give)


class Member:
    """One member of a group. Belongs to one thread at a time."""

    def __init__(self, store: Store, directory: Directory, group: str, topics: Sequence[str], lease_s: float) -> None:
        self._store = store
        self._group = group
        self._topics = frozenset(topics)
        self._partitions = {
            part: TopicPartition(name, number)
            for name in sorted(self._topics)
            for number, part in enumerate(directory.topic(name).parts)
        }
        self._lease_s = lease_s
        self._boot = boot_id()
        self._look_at = 0.0
        self._renew_at = 0.0
        self._id = ""
        self.has_left = False
        self._enter()

    def assignment(self) -> Mapping[TopicPartition, Held]:
        """Look around if it is time, take and give, and return what is held now."""
        self._check_member()
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + min(_LOOK_EVERY_S, self._lease_s / 3)
            self._settle(now >= self._renew_at)
        return self._held()

    def renew(self) -> None:
        """Renew the lease, if a third of it has passed. Raises :class:`~bus.errors.Fenced`."""
        self._check_member()
        now = time.monotonic()
        if now < self._renew_at:
            return
        with transaction(self._store, 0) as connection:
            if not self._renewed(connection):
                raise Fenced(f"group {self._group}: the lease ran out and another member took over")
        self._renew_at = now + self._lease_s / 3

    def leave(self) -> None:
        """Give everything back."""
        if self.has_left:
            return
        self.has_left = True
        try:
            with transaction(self._store) as connection:
                _evict(connection, self._group, self._id)
        finally:
            self._store.liveness.leave(self._id)  # all see it, also where nothing can be written

    def _enter(self) -> None:
        self._id = self._store.liveness.enter()
        statement = "INSERT INTO member VALUES(?,?,?,?,?)"
        row = (self._group, self._id, self._boot, self._until(), json.dumps(sorted(self._topics)))
        try:
            with transaction(self._store) as connection:
                connection.execute(statement, row)
        except BaseException:
            self._store.liveness.leave(self._id)
            raise
        self._renew_at = time.monotonic() + self._lease_s / 3

    def _settle(self, must_renew: bool) -> None:
        with snapshot(self._store) as connection:
            survey = self._survey(connection)
        if not survey.is_member:
            self._store.liveness.leave(self._id)
            self._enter()
        elif survey.asks_for_nothing and not must_renew:
            return
        with transaction(self._store, 0 if survey.asks_for_nothing else 1) as connection:
            self._apply(connection)
        self._renew_at = time.monotonic() + self._lease_s / 3

    def _apply(self, connection: Connection) -> None:
        """Decide again, now that nobody else can, and act."""
        survey = self._survey(connection)
        if not survey.is_member:
            return  # evicted just now: the next look enters anew
        for member in survey.dead:
            _evict(connection, self._group, member)
            self._store.liveness.forget(member)
        for part in survey.shares.give:
            statement = "UPDATE claim SET owner=NULL,epoch=epoch+1 WHERE grp=? AND part=? AND owner=?"
            connection.execute(statement, (self._group, part, self._id))
        for part in survey.shares.take:
            self._take(connection, part)
        self._renewed(connection)

    def _take(self, connection: Connection, part: int) -> None:
        connection.execute(
            "INSERT INTO claim SELECT ?,id,first,1,? FROM part WHERE id=?"
            " ON CONFLICT DO UPDATE SET owner=excluded.owner,epoch=epoch+1",
            (self._group, self._id, part),
        )

    def _survey(self, connection: Connection) -> Survey:
        statement = "SELECT id,boot,until,topics FROM member WHERE grp=?"
        rows = connection.execute(statement, (self._group,)).fetchall()
        living = {row[0]: _topics_of(row[3]) for row in rows if self._lives(*row[:3])}
        claims = connection.execute("SELECT part,owner FROM claim WHERE grp=?", (self._group,)).fetchall()
        owners = {part: owner for part, owner in claims if owner in living}
        partitions = {part: partition.topic for part, partition in self._partitions.items()}
        others = frozenset().union(*living.values()) - self._topics
        if others:
            partitions |= _partitions_of(connection, others)
        rightful = share(partitions, living, owners)
        dead = tuple(row[0] for row in rows if row[0] not in living)
        return Survey(dead, shares(self._id, rightful, owners), self._id in living)

    def _lives(self, member: str, boot: str, until: int) -> bool:
        if member == self._id:
            return True
        return boot == self._boot and until >= boot_ms() and self._store.liveness.is_alive(member)

    def _renewed(self, connection: Connection) -> bool:
        statement = "UPDATE member SET until=? WHERE grp=? AND id=?"
        return connection.execute(statement, (self._until(), self._group, self._id)).rowcount == 1

    def _held(self) -> dict[TopicPartition, Held]:
        statement = "SELECT part,next,epoch FROM claim WHERE grp=? AND owner=?"
        with snapshot(self._store) as connection:
            rows = connection.execute(statement, (self._group, self._id)).fetchall()
        return {self._partitions[part]: Held(position, epoch) for part, position, epoch in rows}

    def _until(self) -> int:
        return boot_ms() + int(self._lease_s * 1000)

    def _check_member(self) -> None:
        if self.has_left:
            raise TransportError(f"this member of group {self._group} has left", hint="Join again.")


def _evict(connection: Connection, group: str, member: str) -> None:
    connection.execute("UPDATE claim SET owner=NULL,epoch=epoch+1 WHERE grp=? AND owner=?", (group, member))
    connection.execute("DELETE FROM member WHERE grp=? AND id=?", (group, member))


def _topics_of(stored: str) -> frozenset[str]:
    try:
        return frozenset(json.loads(stored))
    except ValueError as error:
        raise DamagedStore("the topics that a group's member asked for cannot be read") from error


def _partitions_of(connection: Connection, topics: frozenset[str]) -> dict[int, str]:
    rows = connection.execute("SELECT p.id,t.name FROM part p JOIN topic t ON t.id=p.topic ORDER BY p.id").fetchall()
    return {part: topic for part, topic in rows if topic in topics}
