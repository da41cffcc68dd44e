"""The leash between a supervisor and its child: when the supervisor dies, even by kill -9, so does the child.

Run as ``python bus/leash.py SUPERVISOR_PID PROGRAM ARGUMENT…``. On Linux it asks the kernel for a SIGKILL at its
parent's death and then becomes the program, with the same pid; the kernel keeps the wish across exec, also for a child
that is stopped. The wish is for the death of the *thread* that forked, so supervisors fork from one that lives as long
as they do. Elsewhere the leash stays as the program's parent, passes SIGTERM on, and looks five times a second whether
its own parent has changed; there a kill -9 of the leash itself leaves the program behind.

Nothing of the bus is imported: it is run as a file, without site-packages, before each start of a child.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

NOT_STARTED = 127
"""The exit code where the program could not be started, as a shell has it."""

_PR_SET_PDEATHSIG = 1
_LOOK_S = 0.2


def main(supervisor: int, argv: Sequence[str]) -> int:
    """Become the program; returns only where that cannot be, or where the leash has to stay."""
    try:
        if not sys.platform.startswith("linux"):
            return stay(supervisor, argv)
        bind()
        if os.getppid() == supervisor:  # else it died before the wish was heard
            os.execvp(argv[0], list(argv))  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{argv[0]} cannot be started: {error.strerror}\n")
    return NOT_STARTED


def bind() -> None:
    """Have the kernel kill this process when the thread that started it ends. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def stay(supervisor: int, argv: Sequence[str]) -> int:
    """Run the program as a child, kill it when the supervisor is gone, and return its exit code. Raises OSError."""
    import subprocess  # slow to import, and only needed here

    child = subprocess.Popen(argv)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    while child.poll() is None:
        if os.getppid() != supervisor:
            child.kill()
        time.sleep(_LOOK_S)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
