"""A process that asks the index for one dossier: ``python -m tests.replay.asker FOLDER CODE`` prints the places."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bus.transports import open_engine
from replay.index import follower
from replay.index.identifiers import identifier
from replay.index.lookup import open_index
from tests.replay.doubles import JsonWire


def ask(folder: Path, code: str) -> list[str]:
    """Return the places of a dossier's events, found over the log and with the index of ``folder``."""
    engine = open_engine(f"sqlite:///{folder / 'bus.db'}")
    index = open_index(engine, JsonWire(), f"sqlite:///{folder / 'index.db'}", folder / "index.key")
    try:
        found = index.find(identifier("dossier", code))
        return sorted(one.place for one in found.told) if not found.coverage.gaps else ["incomplete"]
    finally:
        index.close()
        engine.close()


if __name__ == "__main__":
    follower.BATCH_POSTINGS = 200  # many transactions, to be killed between any two
    print(json.dumps(ask(Path(sys.argv[1]), sys.argv[2])))  # noqa: T201 - its answer
