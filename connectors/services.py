"""What ``lienthong up`` supervises of this room: one process with all configured connectors and the webhook server."""

from __future__ import annotations

from collections.abc import Sequence

from bus.services import Service, command
from bus.settings import Settings


def services(settings: Settings) -> Sequence[Service]:
    """Return the runtime, where connectors are configured."""
    is_configured = any((settings.data / "connectors").glob("*.yaml"))
    return [command(settings, "runtime", "connector", "serve")] if is_configured else []
