"""A place for logs that several processes share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_RAM = Path("/dev/shm")  # noqa: S108 - the kernel's RAM disk: flushes cost nothing there


@pytest.fixture
def ram_disk() -> Iterator[Path]:
    """Return an empty folder on a RAM disk where there is one."""
    base = _RAM if os.access(_RAM, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lienthong-", dir=base) as folder:
        yield Path(folder)
