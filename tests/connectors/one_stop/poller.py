"""What the kill tests start: one process that polls into a log on disk, round after round.

Run as ``python -m tests.connectors.one_stop.poller CONFIG URL``; says ``ready`` before its first round and ``done``
after each.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from bus.registry import open_registry
from connectors.one_stop import connector
from tests.connectors.one_stop.world import Log, source_of


def main(config: str, url: str) -> None:
    """Poll for ever."""
    registry = open_registry(url.replace("bus.db", "registry.db"))
    with (
        closing(registry),
        closing(Log(registry, url)) as log,
        closing(source_of(connector.open(Path(config)))) as source,
    ):
        say("ready")
        while True:
            log.run(source)
            say("done")


def say(word: str) -> None:
    """Tell it at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
