"""The embedded engine's rows: rates beside bare sqlite3 and fastavro, waits beside bare processes."""

from __future__ import annotations

from bench import rates, sizes, waits, writers
from bench.row import Row


def rows() -> list[Row]:
    """Measure all of them."""
    return [*rates.rows(), *writers.rows(), *waits.rows(), *sizes.rows()]
