"""Which kinds of connectors are installed: found by name among the entry points, so that others can plug in."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from bus.errors import ConfigError
from bus.nearest import did_you_mean
from connectors.sdk import Connector

GROUP = "lienthong.connectors"


def names() -> list[str]:
    """Return the names of all installed connectors, in order."""
    return sorted(_points())


def find(name: str) -> Connector:
    """Return the connector of that name. Raises :class:`~bus.errors.ConfigError` with the nearest one there is."""
    points = _points()
    if name not in points:
        hint = f"{did_you_mean(name, points)} `lienthong connector list` shows all.".lstrip()
        raise ConfigError(f"there is no connector `{name}`", hint=hint)
    connector: Connector = points[name].load()
    return connector


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
