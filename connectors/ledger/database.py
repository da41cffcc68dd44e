"""The ledger's database: its kind of store, opened as :mod:`bus.database` opens all."""

from __future__ import annotations

from pathlib import Path

from bus.database import StoreKind
from bus.errors import ConnectorError, LedgerUnavailable

HEAD = "0001"
"""The newest migration's revision."""

KNOWN = frozenset({HEAD})
"""All revisions that this version of the software can bring up to ``HEAD``."""

LEDGER = StoreKind(
    setting="ledger",
    head=HEAD,
    known=KNOWN,
    table="deliveries",
    migrations=Path(__file__).with_name("migrations"),
    lock=0x6C74_6C65,  # "ltle"
    unavailable=LedgerUnavailable,
    failed=ConnectorError,
)
