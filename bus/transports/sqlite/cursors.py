"""Sources' bookmarks: each is held by one living process, and moves only under its claim's epoch."""

from __future__ import annotations

from bus.errors import Claimed
from bus.transport import CursorState
from bus.transports.sqlite.faults import sqlite_errors
from bus.transports.sqlite.store import Store, transaction


class Claim:
    """A ``CursorClaim`` on one store."""

    def __init__(self, store: Store, name: str, owner: str, value: bytes | None, epoch: int) -> None:
        self._store = store
        self._name = name
        self._owner = owner
        self.is_released = False
        self.value = value
        self.epoch = epoch

    def release(self) -> None:
        """Give the claim back; its epoch ends with it."""
        if self.is_released:
            return
        self.is_released = True
        try:
            with transaction(self._store) as connection:
                statement = "UPDATE cursor SET owner=NULL,epoch=epoch+1 WHERE name=? AND owner=?"
                connection.execute(statement, (self._name, self._owner))
        finally:
            self._store.liveness.leave(self._owner)  # all see it, also where nothing can be written


def take_cursor(store: Store, name: str) -> Claim:
    """Take the cursor, from a dead owner if need be. Raises :class:`~bus.errors.Claimed`."""
    owner = store.liveness.enter()
    try:
        with transaction(store) as connection:
            row = connection.execute("SELECT owner FROM cursor WHERE name=?", (name,)).fetchone()
            before = None if row is None else row[0]
            if before is not None and store.liveness.is_alive(before):
                raise Claimed(f"cursor {name} is held by a living process")
            value, epoch = connection.execute(
                "INSERT INTO cursor(name,epoch,owner) VALUES(?,1,?)"
                " ON CONFLICT DO UPDATE SET owner=excluded.owner,epoch=epoch+1 RETURNING value,epoch",
                (name, owner),
            ).fetchone()
    except BaseException:
        store.liveness.leave(owner)
        raise
    if before is not None:
        store.liveness.forget(before)
    return Claim(store, name, owner, value, epoch)


def cursor_states(store: Store) -> list[CursorState]:
    """Return all bookmarks, by name."""
    with sqlite_errors(store.path), store.reader() as connection:
        rows = connection.execute("SELECT name,value,epoch,owner,moved FROM cursor ORDER BY name").fetchall()
    return [
        CursorState(
            name=name, value=value, epoch=epoch, moved_at=moved,
            held=owner is not None and store.liveness.is_alive(owner),
        )
        for name, value, epoch, owner, moved in rows
    ]  # fmt: skip
