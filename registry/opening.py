"""Where ``bus.registry.open_registry`` finds this room: the registry in this process, by its store's URL."""

from __future__ import annotations

from bus.registry import SchemaRegistry
from registry.local import LocalRegistry
from registry.store import Store


def open_local(url: str) -> SchemaRegistry:
    """Open the registry whose store is at ``url``; ``sqlite://`` alone keeps it in memory.

    Raises :class:`~bus.errors.ConfigError`, :class:`~bus.errors.StoreVersion` and what the store's adapter says.
    """
    return LocalRegistry(Store(url))
