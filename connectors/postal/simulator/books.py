"""What the post knows: its orders, what will be told of them, and the tracking list as it has been seen.

A row gets its id when it shows up, never before: so no row ever shows up behind one that was seen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.postal.simulator.ways import WRITING, Parcel, Planned, cancelled, way
from connectors.simulation import Store
from connectors.times import VIETNAM

TABLES = """
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY, order_number TEXT NOT NULL, customer TEXT NOT NULL, created TEXT NOT NULL,
    cod INTEGER NOT NULL, cancelled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS orders_by_number ON orders (order_number);
CREATE TABLE IF NOT EXISTS plans (
    place INTEGER PRIMARY KEY, due REAL NOT NULL, order_number TEXT NOT NULL, row TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, order_number TEXT NOT NULL, status TEXT NOT NULL, list TEXT NOT NULL, time TEXT NOT NULL,
    row TEXT NOT NULL);
"""
CUSTOMER = "H31-HCC"
DONE, UNKNOWN_CUSTOMER, BAD_RECEIVER, UNKNOWN_ORDER = "100", "201", "202", "203"

_FIRST_ID = 0x6850_0000 << 64
_OUTAGE_AFTER, _OUTAGE_S = 3, 3.0


class Books:
    """The post's own store, and its rules. Threads take turns by the store's transactions."""

    def __init__(self, store: Store, seed: int, *, outage: bool = False) -> None:
        self.store, self.seed, self._outage = store, seed, outage

    def is_out(self) -> bool:
        """Tell whether nobody is served now."""
        return time.time() < float(self.store.note("out_until") or 0)

    def order(self, asked: Mapping[str, Any]) -> str:
        """Make an order and return the status: one more each time, whatever its number. Within a transaction."""
        receiver = asked.get("Receiver") or {}
        if asked.get("CustomerCode") != CUSTOMER:
            return UNKNOWN_CUSTOMER
        if not receiver.get("Name") or not receiver.get("Address"):
            return BAD_RECEIVER
        parcel = Parcel(CUSTOMER, asked["OrderNumber"], _moment(asked["CreatedDate"]), int(asked["CODAmount"]))
        self.store.change(
            "INSERT INTO orders (order_number, customer, created, cod) VALUES (?, ?, ?, ?)",
            parcel.number, parcel.customer, asked["CreatedDate"], parcel.cod,
        )  # fmt: skip
        self._plan(parcel.number, way(self.seed, parcel))
        self._fall_out()
        return DONE

    def cancel(self, customer: str, number: str) -> tuple[str, bool]:
        """Cancel an order; return the status, and whether it was not cancelled before. Within a transaction."""
        found = self.store.rows(
            "SELECT created, cod, cancelled FROM orders WHERE order_number = ? AND customer = ? ORDER BY number DESC",
            number, customer,
        )  # fmt: skip
        if not found:
            return UNKNOWN_ORDER, False
        created, cod, was_cancelled = found[0]
        if was_cancelled:
            return DONE, False
        self.store.change("UPDATE orders SET cancelled = 1 WHERE order_number = ?", number)
        self.store.change("DELETE FROM plans WHERE order_number = ?", number)
        self._plan(number, [cancelled(self.seed, Parcel(customer, number, _moment(created), cod))])
        return DONE, True

    def find(self, number: str) -> Sequence[Mapping[str, Any]]:
        """Return the orders of that number."""
        found = self.store.rows("SELECT customer, created FROM orders WHERE order_number = ? ORDER BY number", number)
        return [{"orderNumber": number, "senderCode": row[0], "createdDate": row[1]} for row in found]

    def page(self, last_id: str, size: int) -> Mapping[str, Any]:
        """Return a page of the tracking list. Within a transaction."""
        self._show()
        count = self.store.rows("SELECT count(*) FROM events WHERE id > ?", last_id)[0][0]
        found = self.store.rows("SELECT id, row FROM events WHERE id > ? ORDER BY id LIMIT ?", last_id, size)
        rows = [{"_id": {"$oid": name}, **json.loads(row)} for name, row in found]
        return {
            "_size": count, "_total_pages": -(-count // size), "_returned": len(rows), "_embedded": {"rh:doc": rows}
        }  # fmt: skip

    def _plan(self, number: str, told: Sequence[Planned]) -> None:
        now = time.time()
        for after_s, row in told:
            self.store.change("INSERT INTO plans (due, order_number, row) VALUES (?, ?, ?)",
                              now + after_s, number, json.dumps(row, ensure_ascii=False))  # fmt: skip

    def _show(self) -> None:
        """Let rows that are due show up, in their order."""
        due = self.store.rows(
            "SELECT place, order_number, row FROM plans WHERE due <= ? ORDER BY due, place", time.time()
        )
        if not due:
            return
        last = self.store.rows("SELECT max(id) FROM events")[0][0]
        following = int(last, 16) + 1 if last else _FIRST_ID
        for name, (place, number, text) in enumerate(due, following):
            row = json.loads(text)
            self.store.change(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
                f"{name:024x}", number, row["StatusCode"], row["StatusList"], row["EventTime"], text,
            )  # fmt: skip
            self.store.change("DELETE FROM plans WHERE place = ?", place)

    def _fall_out(self) -> None:
        """Begin the outage, if it is time; it ends by the clock on the wall, so also where nobody is here to see it."""
        if not self._outage or self.store.rows("SELECT max(number) FROM orders")[0][0] < _OUTAGE_AFTER:
            return
        if self.store.inject("outage", "postal"):
            self.store.take_note("out_until", str(time.time() + _OUTAGE_S))


def _moment(text: str) -> datetime:
    return datetime.strptime(text, WRITING).replace(tzinfo=VIETNAM)
