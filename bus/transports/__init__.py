"""The engines: ``open_engine`` finds the one that a URL names; nothing else here is for other rooms."""

from __future__ import annotations

from bus.errors import ConfigError
from bus.transport import Engine

DEFAULT_INBOX_DAYS = 400


def open_engine(url: str, *, wake: str = "auto", inbox_days: int = DEFAULT_INBOX_DAYS, lease_s: float = 10.0) -> Engine:
    """Open the log that ``url`` names: ``sqlite:///var/bus.db`` (relative), ``sqlite:////abs/bus.db``, or
    ``sqlite://`` for one in memory that ends with its engine.

    ``wake`` is ``auto`` or ``poll`` (no sockets), ``inbox_days`` how long an event id is remembered at least,
    ``lease_s`` after how long a group member that hangs loses its partitions.
    Raises :class:`~bus.errors.ConfigError`, :class:`~bus.errors.StoreVersion`,
    :class:`~bus.errors.MissingRecords` and :class:`~bus.errors.DamagedStore`.
    """
    from bus.transports.sqlite.engine import SqliteEngine
    from bus.transports.sqlite.options import Options, path_of

    if wake not in ("auto", "poll"):
        raise ConfigError("`wake` is neither `auto` nor `poll`", hint="Choose one of them.")
    if inbox_days < 1 or lease_s <= 0:
        raise ConfigError("`inbox_days` and the lease must be positive", hint="400 days and 10 seconds are usual.")
    return SqliteEngine(path_of(url), Options(polling=wake == "poll", inbox_days=inbox_days, lease_s=lease_s))


def stands(url: str) -> bool:
    """Say whether a log is, or was once, at ``url``; looking makes no file. Raises :class:`~bus.errors.ConfigError`."""
    from bus.transports.sqlite.mark import mark_of
    from bus.transports.sqlite.options import path_of

    path = path_of(url)
    return path is None or path.exists() or mark_of(path).exists()


def accept_loss(url: str) -> int:
    """Let a log be written and read again although something of it is lost; return how many commits are missing.

    Only on a person's word: what is gone stays gone. The offsets of missing commits are given out again; readers go
    past records that are damaged or missing by themselves, and each of these is told in the log of what was done.
    """
    from bus.transports.sqlite.loss import accept_loss as accept
    from bus.transports.sqlite.options import path_of

    return accept(path_of(url))
