"""How long ``lienthong --help`` takes, beside an interpreter that only imports click."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from bench.row import Row, limit, rounds

_ROUNDS = 15
_LIMIT_MS = 150.0


def rows() -> list[Row]:
    """Measure ``cli.help``, in milliseconds of a whole process."""
    script = str(Path(sys.executable).with_name("lienthong"))
    ours, control = rounds(
        _ROUNDS,
        lambda: _milliseconds([script, "--help"]),
        lambda: _milliseconds([sys.executable, "-c", "import click"]),
    )
    return [limit("cli.help", ours, control, "ms", _LIMIT_MS, timed=True)]


def _milliseconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000
