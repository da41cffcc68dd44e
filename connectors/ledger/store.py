"""The ledger itself. SQL stands here and nowhere else; what to do about an entry is :mod:`connectors.delivery`'s.

Every change is durable when it returns. In a file, those that a process's threads make at the same moment share one
short transaction and its flush. On PostgreSQL each has its own: several in one could deadlock with another process's.
Threads wait in a line of our own: SQLite would make them wait in steps of up to a tenth of a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Row, bindparam, func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from bus.database import open_database, reading, writing
from bus.errors import Fenced, LedgerUnavailable
from bus.records import Record
from connectors.ledger.combining import Combining
from connectors.ledger.database import LEDGER
from connectors.ledger.entry import AMBIGUOUS, DONE, REFUSED, SENDING, Entry
from connectors.ledger.tables import deliveries
from connectors.sdk import Delivery

_PAGE = 500
_MOST = 1000  # changes in one transaction
_ORDINALS = 0x6C74_6F72  # PostgreSQL's advisory lock of whoever takes the next ordinal; "ltor"
_row = deliveries.c
_COLUMNS = [_row[name] for name in Entry.__struct_fields__]

# Built once: to build a statement anew costs SQLAlchemy more than to run it.
_OF_KEY = select(*_COLUMNS).where(_row.key == bindparam("of_key"))
_NEXT_ORDINAL = select(func.coalesce(func.max(_row.ordinal), 0) + 1).scalar_subquery()
_FINISH = (
    update(deliveries)
    .where(_row.key == bindparam("of_key"), _row.state != DONE)
    .values(state=DONE, answer=bindparam("given"), ended_at=bindparam("now"), ordinal=_NEXT_ORDINAL)
)
_END = (
    update(deliveries)
    .where(_row.key == bindparam("of_key"), _row.attempts == bindparam("attempt"), _row.state == SENDING)
    .values(state=bindparam("becomes"), ended_at=bindparam("now"))
)


def open_ledger(url: str) -> Ledger:
    """Open or make the ledger at a URL.

    Raises :class:`~bus.errors.ConfigError`, :class:`~bus.errors.StoreVersion`, :class:`~bus.errors.DamagedStore`,
    :class:`~bus.errors.LedgerUnavailable` and, where its file cannot be made, :class:`~bus.errors.ConnectorError`.
    """
    return Ledger(open_database(LEDGER, url))


class Ledger:
    """What was asked of partners. May be shared by threads; several processes may hold one each.

    * what a method has written survives a crash when it returns, and a crash within it leaves nothing;
    * a ``done`` entry never changes again: its first answer stands;
    * only who made the last call says how it ended: what an owner that was overtaken says of an older one is not heard,
      but that it acted.

    Each method raises :class:`~bus.errors.LedgerUnavailable`, :class:`~bus.errors.StorageFull` and
    :class:`~bus.errors.DamagedStore`, and may then be called again.
    """

    def __init__(self, engine: Engine, clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._engine, self._clock = engine, clock
        is_shared = engine.dialect.name == "postgresql"
        self._line = Combining(lambda: writing(LEDGER, engine), most=1 if is_shared else _MOST)
        dialect = postgresql if is_shared else sqlite
        self._insert = dialect.insert(deliveries).on_conflict_do_nothing(index_elements=["key"]).returning(_row.number)
        self._insert_done = self._insert.values(ordinal=_NEXT_ORDINAL)

    # -- written by the runtime -------------------------------------------------------------------------

    def begin(self, delivery: Delivery, record: Record, connector: str) -> Entry | None:
        """Enter a delivery as ``sending``, before its first call; or return the earlier entry, unchanged.

        ``record`` is the one that carries the delivery's event.
        """
        row = _new(delivery, record, connector) | {"state": SENDING, "attempts": 1, "begun_at": self._clock()}

        def change(connection: Connection) -> Entry | None:
            if connection.execute(self._insert, row).first() is not None:
                return None
            return _entry(connection.execute(_OF_KEY, {"of_key": delivery.key}).one())

        return self._line.write(change)

    def repeat(self, delivery: Delivery, record: Record, earlier: Entry) -> None:
        """Count one more call of ``earlier``, before it is made.

        Raises :class:`~bus.errors.Fenced` if somebody else has moved the entry since it was read.
        """
        changes = {
            "state": SENDING, "attempts": earlier.attempts + 1, "begun_at": self._clock(), "ended_at": None,
            "reference": delivery.operation.reference, "asked": delivery.operation.asked, **_place(record),
        }  # fmt: skip
        changing = update(deliveries).where(
            _row.key == earlier.key, _row.attempts == earlier.attempts, _row.state == earlier.state
        )
        if self._line.write(lambda connection: connection.execute(changing.values(changes)).rowcount) == 0:
            raise Fenced(f"another member of group {earlier.connector} is delivering {record.place}")

    def finish(self, key: str, answer: bytes) -> bytes:
        """Enter that a delivery has acted, and return the answer that stands: the first one."""

        def change(connection: Connection) -> bytes | None:
            _hold_ordinals(connection)
            given = {"of_key": key, "given": answer, "now": self._clock()}
            if connection.execute(_FINISH, given).rowcount == 1:
                return answer
            row = connection.execute(_OF_KEY, {"of_key": key}).first()
            return None if row is None else _entry(row).answer

        stands = self._line.write(change)
        if stands is None:
            raise LedgerUnavailable(f"{LEDGER.store} no longer holds the entry {key}")
        return stands

    def pass_over(self, delivery: Delivery, record: Record, connector: str) -> None:
        """Enter as ``done`` that an event asks for nothing. May be repeated."""
        row, now = _new(delivery, record, connector), self._clock()
        done = {"state": DONE, "attempts": 0, "begun_at": now, "ended_at": now}

        def change(connection: Connection) -> None:
            _hold_ordinals(connection)
            connection.execute(self._insert_done, row | done)

        self._line.write(change)

    def refuse(self, key: str, attempt: int = 1) -> None:
        """Enter that the partner refused call number ``attempt`` for what its event says."""
        self._end(key, attempt, REFUSED)

    def park(self, key: str, attempt: int = 1) -> None:
        """Enter that nobody can tell whether call number ``attempt`` has acted."""
        self._end(key, attempt, AMBIGUOUS)

    def forget(self, key: str, attempt: int = 1) -> None:
        """Enter that call number ``attempt`` certainly has not acted: the next is as good as a first one."""
        self._end(key, attempt, SENDING)

    # -- read by anybody --------------------------------------------------------------------------------

    def find(self, connector: str, operation: str, reference: str, *, but: str = "") -> Entry | None:
        """Return the newest entry of an operation under this reference, whatever its state, unless that is ``but``."""
        query = select(*_COLUMNS).where(
            _row.connector == connector, _row.operation == operation, _row.reference == reference, _row.state != but
        )
        with reading(LEDGER, self._engine) as connection:
            row = connection.execute(query.order_by(_row.number.desc()).limit(1)).first()
        return None if row is None else _entry(row)

    def waiting(self, connector: str, operation: str, answered_by: str, before: int, limit: int) -> Sequence[Entry]:
        """Return what was done and is not yet answered, oldest first.

        These are done entries of ``operation``, begun before ``before`` (milliseconds UTC), whose reference has no done
        entry of operation ``answered_by``.
        """
        other = deliveries.alias("other")
        answered = select(other.c.number).where(
            other.c.connector == connector, other.c.operation == answered_by,
            other.c.reference == _row.reference, other.c.state == DONE,
        )  # fmt: skip
        query = select(*_COLUMNS).where(
            _row.connector == connector, _row.operation == operation, _row.state == DONE, _row.begun_at < before,
            ~answered.exists(),
        )  # fmt: skip
        with reading(LEDGER, self._engine) as connection:
            rows = connection.execute(query.order_by(_row.begun_at, _row.number).limit(limit)).all()
        return [_entry(row) for row in rows]

    def entries(self, connector: str | None = None) -> Iterator[Entry]:
        """Yield all entries, of one connector or of all, in the order in which they were first entered.

        They are read a page at a time: no lock is held between two, and what is entered meanwhile may come too.
        """
        last = 0
        while True:
            query = select(_row.number, *_COLUMNS).where(_row.number > last)
            if connector is not None:
                query = query.where(_row.connector == connector)
            with reading(LEDGER, self._engine) as connection:
                rows = connection.execute(query.order_by(_row.number).limit(_PAGE)).all()
            if not rows:
                return
            last = rows[-1].number
            yield from map(_entry, rows)

    def close(self) -> None:
        """Close all connections. May be repeated."""
        self._engine.dispose()

    # -- within -----------------------------------------------------------------------------------------

    def _end(self, key: str, attempt: int, state: str) -> None:
        given = {"of_key": key, "attempt": attempt, "becomes": state, "now": self._clock()}
        self._line.write(lambda connection: connection.execute(_END, given))


def _new(delivery: Delivery, record: Record, connector: str) -> dict[str, Any]:
    operation = delivery.operation
    return {
        "connector": connector, "operation": operation.name, "reference": operation.reference, "key": delivery.key,
        "event_id": delivery.event.id.bytes, "asked": operation.asked, "answer": b"", **_place(record),
    }  # fmt: skip


def _place(record: Record) -> dict[str, Any]:
    place = record.place
    return {
        "topic": place.topic, "partition": place.partition, "offset": place.offset, "record_key": record.key or b"",
    }  # fmt: skip


def _hold_ordinals(connection: Connection) -> None:
    """Let nobody else take an ordinal until the commit; SQLite's write lock does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ORDINALS})


def _entry(row: Row[Any]) -> Entry:
    facts = dict(zip(Entry.__struct_fields__, row[-len(_COLUMNS) :], strict=True))
    facts["event_id"] = UUID(bytes=bytes(facts["event_id"]))
    return Entry(**facts)
