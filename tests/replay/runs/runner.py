"""One process that runs a plan, for tests that kill it: ``python -m tests.replay.runs.runner FOLDER RUN [N SECONDS]``.

It says ``given N`` whenever its bookmark has moved, and ``over OUTCOME`` at the end. So many seconds after it has given
``N`` records it is killed, by its own hand: a test would often come too late.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

from bus.cli.session import Session
from bus.settings import load
from replay.runs import shelf
from replay.runs.running import How, run_plan


class Fate:
    """Kills the process some seconds after so many records were given."""

    def __init__(self, records: int, seconds: float) -> None:
        self._records, self._timer = records, Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL))
        self._timer.daemon = True

    def hear(self, given: int) -> None:
        """Hear how far the run is."""
        if given >= self._records and not self._timer.is_alive():
            self._timer.start()


def main(folder: Path, run: str, fate: Fate | None = None) -> None:
    """Run the plan on the shelf of a folder."""

    def progress(given: int, _total: int | None) -> None:
        say("given", given)
        if fate is not None:
            fate.hear(given)

    with closing(Session(load({}, folder, data=folder))) as session:
        how = How(stop=Event(), who="thanh", progress=progress)
        say("over", run_plan(session, shelf.find(folder, run), how).outcome)


def say(word: str, told: object) -> None:
    """Tell the test something."""
    sys.stdout.write(f"{word} {told}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Fate(int(sys.argv[3]), float(sys.argv[4])) if sys.argv[3:] else None)
