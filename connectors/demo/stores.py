"""Looks into what simulators and agencies keep in their own files: read only, also while they run.

The partners' side of the books. Nothing of a partner's code is imported: its tables are read as an auditor would.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

PARTNERS: Mapping[str, tuple[str, ...]] = {
    "one-stop": ("CapNhatTienDoHoSoMC", "CapNhatThanhToan", "DongBoHoSoMC"),
    "population": ("XacThucThongTinCongDan",),
    "payment": ("INIT",),
    "postal": ("order", "cancel"),
}
"""The partners, each with the services that its sink calls to have something done."""

AGENCIES = ("police", "insurance", "audit")


class Call(NamedTuple):
    """A call that a partner received."""

    service: str
    reference: str
    acted: bool


class Handled(NamedTuple):
    """An event that an agency has handled, with the place of its record."""

    id: str
    topic: str
    partition: int
    offset: int
    key: str


class Stores:
    """The files of one demo. A file or table that is not there yet is empty."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "simulators"

    # -- the one-stop system ----------------------------------------------------------------------------

    def dossiers(self) -> tuple[int, int]:
        """Return how many dossiers there are, and how many of them are final."""
        found = self._all("one-stop", "SELECT count(*), coalesce(sum(is_final), 0) FROM dossiers")
        return next(((int(row[0]), int(row[1])) for row in found), (0, 0))

    def first_dossier(self) -> str | None:
        """Return the code of dossier 0."""
        return next((str(row[0]) for row in self._all("one-stop", "SELECT code FROM dossiers WHERE number = 0")), None)

    def facts(self) -> Iterator[tuple[str, str, str]]:
        """Yield what is true there: dossier, event type, and the fact's own name."""
        yield from self._all("one-stop", "SELECT dossier, type, own FROM facts WHERE holds")

    def bad_rows(self) -> Iterator[str]:
        """Yield the dossier of each row that nobody can map."""
        for row in self._all("one-stop", "SELECT dossier FROM bad_rows"):
            yield row[0]

    def unopened_links(self) -> int:
        """Return how many links to payments no citizen has opened yet."""
        return self._count("one-stop", "SELECT count(*) FROM links WHERE NOT opened")

    def facts_known(self) -> Mapping[tuple[str, str], int]:
        """Return how many facts each partner holds, by source and event type; the one-stop system's of any type."""
        return {
            ("one-stop", ""): self._count("one-stop", "SELECT count(*) FROM facts WHERE holds"),
            ("population", "CitizenLookupAnswered"): self._count("population", "SELECT count(*) FROM looks"),
            ("payment", "PaymentConfirmed"): self._count("payment", "SELECT count(*) FROM orders WHERE paid_at <> ''"),
            ("postal", "PostalStatusChanged"): self._count("postal", "SELECT count(*) FROM events"),
        }

    # -- the other partners -----------------------------------------------------------------------------

    def looks(self) -> Iterator[str]:
        """Yield the request number of each look at the population database."""
        for row in self._all("population", "SELECT request_number FROM looks"):
            yield row[0]

    def paid(self) -> Iterator[str]:
        """Yield the reference of each order that was paid."""
        for row in self._all("payment", "SELECT reference FROM orders WHERE paid_at <> ''"):
            yield row[0]

    def notices_answered(self) -> Iterator[str]:
        """Yield the reference of each notice that was answered with a status of 2xx, as often as it was."""
        for row in self._all("payment", "SELECT reference FROM sends WHERE status BETWEEN 200 AND 299"):
            yield row[0]

    def notices_taken(self) -> Iterator[str]:
        """Yield the reference of each order of which a notice was answered as the gateway takes for «known»."""
        for row in self._all("payment", "SELECT DISTINCT reference FROM notices WHERE answered"):
            yield row[0]

    def notices_owed(self) -> int:
        """Return how many notices the gateways still have to send."""
        return self._count("payment", "SELECT count(*) FROM notices WHERE NOT answered")

    def tracked(self) -> Iterator[tuple[str, str, str]]:
        """Yield what the post told: order number, status (``VNPOST/14``), and the time as it is written there."""
        yield from self._all("postal", "SELECT order_number, list || '/' || status, time FROM events")

    def parcels_moving(self) -> int:
        """Return of how many statuses the post has still to tell."""
        return self._count("postal", "SELECT count(*) FROM plans")

    # -- all of them ------------------------------------------------------------------------------------

    def calls(self, partner: str) -> Iterator[Call]:
        """Yield all calls that a partner received, in order."""
        for service, reference, acted in self._all(partner, "SELECT service, reference, acted FROM calls"):
            yield Call(service, reference, bool(acted))

    def injected(self) -> Mapping[str, int]:
        """Return how often partners did which wrong on purpose: ``lost-answer``, ``repeated``, ``outage`` …"""
        faults = (row[0] for partner in PARTNERS for row in self._all(partner, "SELECT fault FROM injected"))
        return Counter(fault.partition(":")[0] for fault in faults)

    def handled(self, agency: str) -> Iterator[Handled]:
        """Yield what an agency handled, in its order."""
        sql = 'SELECT ce_id, topic, partition, "offset", key FROM handled ORDER BY seq'
        yield from (Handled(*row) for row in self._all(f"agencies/{agency}", sql))

    def effects(self, agency: str) -> Iterator[tuple[str, str]]:
        """Yield what an agency did: operation and reference."""
        yield from self._all(f"agencies/{agency}", "SELECT operation, reference FROM effects")

    def _count(self, name: str, sql: str) -> int:
        return sum(int(row[0]) for row in self._all(name, sql))

    def _all(self, name: str, sql: str) -> Iterator[Any]:
        """Yield the rows of a query over one table; none where neither file nor table is there yet."""
        file = self._folder / (f"{name}.db" if "/" in name else f"{name}/{name}.db")
        if not file.exists():
            return
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)) as database:
            tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if sql.split(" FROM ")[1].split()[0] in tables:
                yield from database.execute(sql)
