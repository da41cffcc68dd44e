"""``make bench``: measure every row and write ``bench/results.json``. Name modules to measure only theirs."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from bench.row import Row, as_json

MODULES = ("codec", "rates", "writers", "waits", "deaths", "sizes", "index", "webhook", "demo", "replay", "cli")
RESULTS = Path(__file__).parent / "results.json"


def main(names: list[str]) -> int:
    """Measure the named modules (all if none) and return 1 if a floor was missed, 130 if interrupted."""
    kept = {row["row"]: row for row in _written()} if names else {}
    missed = []
    try:
        for name in names or MODULES:
            rows = _measured(name)
            kept |= {row.row: as_json(row) for row in rows}
            RESULTS.write_text(json.dumps(list(kept.values()), indent=1) + "\n", encoding="utf-8")
            missed += [row.row for row in rows if not row.met]
    except KeyboardInterrupt:
        print("interrupted; what was measured before stands in the results", file=sys.stderr)
        return 130
    print(f"{len(kept)} rows in {RESULTS}, {len(missed)} below their floor{': ' if missed else ''}{', '.join(missed)}")
    return 1 if missed else 0


def _measured(name: str) -> list[Row]:
    print(f"-- {name}", file=sys.stderr, flush=True)
    rows: list[Row] = import_module(f"bench.{name}").rows()
    for row in rows:
        mark = "met   " if row.met else "MISSED"
        print(
            f"{mark} {row.row:28} ratio {row.ratio.median:8.3g} ({row.ratio.min:.3g}-{row.ratio.max:.3g})"
            f"  floor {row.floor:g}  ours {row.ours.median:.4g}, reference {row.reference.median:.4g} {row.unit}",
            flush=True,
        )
    return rows


def _written() -> list[dict[str, object]]:
    if not RESULTS.exists():
        return []
    rows: list[dict[str, object]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
