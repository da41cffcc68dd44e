"""Where ``bus.registry.open_registry`` finds this room: the registry in this process, by its store's URL."""

from __future__ import annotations

from registry.database import file_of
from registry.local import LocalRegistry
from registry.store import Store

IN_MEMORY = "sqlite://"


def open_local(url: str) -> LocalRegistry:
    """Open the registry whose store is at ``url``, made if it is not there; ``sqlite://`` alone keeps it in memory.

    Raises :class:`~bus.errors.ConfigError`, :class:`~bus.errors.StoreVersion` and what the store's adapter says.
    """
    return LocalRegistry(Store(url))


def stands(url: str) -> bool:
    """Say whether a store may be at ``url``; looking makes no file. Raises :class:`~bus.errors.ConfigError`."""
    file = file_of(url)
    return file is None or file.exists()
