"""What the fault test starts and kills: one run of a mapping into a log, which tells each of its commits.

Run as ``python -m tests.connectors.file_drop.worker MAPPING DATA``.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from bus.registry import open_registry
from bus.transports import open_engine
from bus.wire import Wire
from connectors.books import Tally
from connectors.file_drop.opening import open_source
from connectors.runtime import Run, run_source
from registry.apply import apply_catalogue
from schemas.catalogue import load


def run(mapping: str, data: str) -> None:
    """Run a mapping to the end of its files."""
    registry = open_registry(f"sqlite:///{data}/registry.db")
    with closing(open_engine(f"sqlite:///{data}/bus.db")) as engine, closing(open_source(Path(mapping))) as source:
        apply_catalogue(engine, registry, load())
        say("ready")
        run_source(engine, Wire(registry, load()), source, Run(once=True, progress=_tell))
    say("done")


def say(word: str) -> None:
    """Tell a fact at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _tell(books: Tally) -> None:
    say(f"committed {books.rows}")


if __name__ == "__main__":
    run(*sys.argv[1:])
