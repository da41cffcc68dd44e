"""What a caller may choose about an engine, and where its URL says that it lives."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from bus.errors import ConfigError

"""The key and the packed headers together."""

MAX_NAME = 249
ID_BYTES = 16


class Options(Struct, frozen=True, kw_only=True):
    """``polling`` forgoes sockets; ``inbox_days`` is the inbox's window; ``lease_s`` frees who hangs."""

    polling: bool = False
    inbox_days: int = 400
    lease_s: float = 10.0
    verified: bool = True
    """False opens a log whose commits are missing, for who accepts the loss."""


def path_of(url: str) -> Path | None:
    """Return the file that ``url`` names, or None for a log in memory. Raises :class:`~bus.errors.ConfigError`.

    >>> path_of("sqlite:////srv/bus.db"), path_of("sqlite://")
    (PosixPath('/srv/bus.db'), None)
    """
    scheme, found, rest = url.partition("://")
    if not found or scheme != "sqlite":
        raise ConfigError(f"no engine serves `{scheme}:`", hint="Set `transport` to a `sqlite:///…` URL.")
    if not rest:
        return None
    if not rest.startswith("/") or len(rest) < 2 or "\0" in rest or "?" in rest:
        raise ConfigError("the transport's URL names no file", hint="Write `sqlite:///var/bus.db` or `sqlite://`.")
    return Path(rest[1:])


def checked_name(kind: str, name: str) -> str:
    """Return ``name`` if a log may hold it. Raises :class:`~bus.errors.ConfigError`."""
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise ConfigError(f"a {kind}'s name has 1 to {MAX_NAME} printable characters")
    return name
