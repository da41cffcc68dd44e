"""What the supervisor's tests kill: a process with a supervisor over a few children.

Run as ``python -m tests.faults.keeper FOLDER CHILDREN WAY``. It says the pid of each child that is started, then
``ready``; WAY says how it ends at a line on standard input: ``stop`` in good order, ``fall`` by an exception.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bus.services import Service
from bus.supervisor import Change, Supervisor
from tests.faults.worker import say

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


def main(folder: str, children: str, way: str) -> None:
    """Keep children until told to end."""

    def hear(change: Change) -> None:
        if change.pid is not None:
            say("started", change.pid)

    services = [Service(name=f"child-{number}", argv=SLEEPER) for number in range(int(children))]
    supervisor = Supervisor(services, Path(folder) / "logs", hear=hear)
    supervisor.start()
    say("ready")
    sys.stdin.readline()
    if way == "fall":
        raise SystemExit(1)
    supervisor.stop()
    say("left")


if __name__ == "__main__":
    main(*sys.argv[1:])
