"""One process that runs a plan, for tests that kill it: ``python -m tests.replay.runs.runner FOLDER RUN``.

It says ``given N`` whenever its bookmark has moved, and ``over OUTCOME`` at the end.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from threading import Event

from bus.cli.session import Session
from bus.settings import load
from replay.runs import shelf
from replay.runs.running import How, run_plan


def main(folder: Path, run: str) -> None:
    """Run the plan on the shelf of a folder."""
    with closing(Session(load({}, folder, data=folder))) as session:
        how = How(stop=Event(), who="thanh", progress=lambda given, _all: say("given", given))
        say("over", run_plan(session, shelf.find(folder, run), how).outcome)


def say(word: str, told: object) -> None:
    """Tell the test something."""
    sys.stdout.write(f"{word} {told}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
