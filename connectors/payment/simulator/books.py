"""The gateways' own store: orders, the notices that are owed for them, and every send of one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from connectors.payment.simulator.draws import Draws
from connectors.simulation import Call, Store

_TABLES = """
CREATE TABLE IF NOT EXISTS orders (
    reference TEXT PRIMARY KEY, gateway TEXT NOT NULL, amount INTEGER NOT NULL, requested TEXT NOT NULL,
    opened_at TEXT NOT NULL, paid_at TEXT NOT NULL DEFAULT '', transaction_no TEXT NOT NULL DEFAULT '',
    bank TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS notices (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL, next_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    answered INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS notices_owed ON notices (next_at) WHERE answered = 0;
CREATE TABLE IF NOT EXISTS sends (
    number INTEGER PRIMARY KEY, notice INTEGER NOT NULL, reference TEXT NOT NULL, at INTEGER NOT NULL,
    status INTEGER NOT NULL, code TEXT NOT NULL);
"""
_FIRST_REST_S, _GROWTH, _LONGEST_REST_S = 0.3, 1.5, 2.0
_BETWEEN_REPEATS_MS = 40
_ORDER = "reference, gateway, amount, requested, opened_at, paid_at, transaction_no, bank"


class Order(NamedTuple):
    """A payment at its gateway: open, and paid once it has a time of payment. ``amount`` in đồng."""

    reference: str
    gateway: str
    amount: int
    requested: str
    opened_at: str
    paid_at: str = ""
    transaction: str = ""
    bank: str = ""


class Owed(NamedTuple):
    """A notice that is to be sent, for the ``tries``-th time again."""

    number: int
    order: Order
    tries: int


class Books:
    """``payment.db``. May be shared by threads; each method is durable when it returns."""

    def __init__(self, folder: Path, draws: Draws, *, trouble: bool) -> None:
        self.store = Store(folder, "payment", _TABLES)
        self._draws, self._trouble = draws, trouble

    def open(self, order: Order) -> bool:
        """Open a payment, and tell whether it was not there before: one reference is one payment, for ever."""
        added = self.store.change(
            "INSERT OR IGNORE INTO orders (reference, gateway, amount, requested, opened_at) VALUES (?, ?, ?, ?, ?)",
            order.reference, order.gateway, order.amount, order.requested, order.opened_at,
        )  # fmt: skip
        return added == 1

    def find(self, reference: str) -> Order | None:
        """Return a payment."""
        rows = self.store.rows(f"SELECT {_ORDER} FROM orders WHERE reference = ?", reference)  # noqa: S608
        return Order(*rows[0]) if rows else None

    def pay(self, order: Order) -> bool:
        """Pay a payment and owe its notices; tell whether it was not paid before: then nothing happens."""
        reference = order.reference
        with self.store.transaction():
            changed = self.store.change(
                "UPDATE orders SET paid_at = ?, transaction_no = ?, bank = ? WHERE reference = ? AND paid_at = ''",
                self._draws.paid_at(reference, order.requested), self._draws.transaction(reference),
                self._draws.bank(reference), reference,
            )  # fmt: skip
            if changed:
                self._owe(reference)
            self.store.record(Call("PAY", reference, {}, "paid" if changed else "already", acted=bool(changed)))
        return bool(changed)

    def owed(self, limit: int) -> Sequence[Owed]:
        """Return notices whose time has come, the longest due first."""
        rows = self.store.rows(
            f"SELECT n.number, n.tries, {_of('o')} FROM notices n JOIN orders o ON o.reference = n.reference "  # noqa: S608
            "WHERE n.answered = 0 AND n.next_at <= ? ORDER BY n.next_at, n.number LIMIT ?", now_ms(), limit,
        )  # fmt: skip
        return [Owed(row[0], Order(*row[2:]), row[1]) for row in rows]

    def sent(self, owed: Owed, status: int, code: str, *, is_answered: bool) -> None:
        """Enter a send with its answer (status 0: none came); what was not answered well is owed again, later."""
        rest_s = min(_FIRST_REST_S * _GROWTH**owed.tries, _LONGEST_REST_S)
        now = now_ms()
        with self.store.transaction():
            self.store.change(
                "INSERT INTO sends (notice, reference, at, status, code) VALUES (?, ?, ?, ?, ?)",
                owed.number, owed.order.reference, now, status, code,
            )  # fmt: skip
            self.store.change(
                "UPDATE notices SET answered = ?, tries = tries + 1, next_at = ? WHERE number = ?",
                int(is_answered), now + int(rest_s * 1000), owed.number,
            )  # fmt: skip

    def rest_s(self) -> float | None:
        """Return in how many seconds the next notice is due; None if none is owed."""
        rows = self.store.rows("SELECT min(next_at) FROM notices WHERE answered = 0")
        return None if rows[0][0] is None else max((rows[0][0] - now_ms()) / 1000, 0.0)

    def close(self) -> None:
        """Close the file. May be repeated."""
        self.store.close()

    def _owe(self, reference: str) -> None:
        trouble, count, delay_s = self._draws.notices(reference) if self._trouble else ("", 1, 0.0)
        if trouble:
            self.store.inject(trouble, reference)
        first = now_ms() + int(delay_s * 1000)
        for number in range(count):
            self.store.change(
                "INSERT INTO notices (reference, next_at) VALUES (?, ?)",
                reference, first + number * _BETWEEN_REPEATS_MS,
            )  # fmt: skip


def now_ms() -> int:
    """Return our clock: sends are by the wall's time, what they tell is not."""
    return time.time_ns() // 1_000_000


def _of(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in _ORDER.split(", "))
