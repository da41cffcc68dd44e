"""What ``lienthong up`` supervises of this room: the index that follows the log."""

from __future__ import annotations

from collections.abc import Sequence

from bus.services import Service, command
from bus.settings import Settings


def services(settings: Settings) -> Sequence[Service]:
    """Return the follower, where there is a folder of data; it waits for a log by itself."""
    return [command(settings, "index", "index", "follow")] if settings.data.is_dir() else []
