"""What a command works with: settings, engine, registry, catalogue and wire, each opened when first asked for."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bus import logs
from bus.errors import ConfigError, RegistryError, TopicNotFound
from bus.settings import Settings, load, shown

if TYPE_CHECKING:
    from bus.registry import SchemaRegistry
    from bus.transport import Engine
    from bus.wire import Wire
    from schemas.catalogue import Catalogue


LOST_REGISTRY = (
    "Restore it from the newest backup. Without one, `lienthong topic apply` makes another, which fits the log only if"
    " nothing but this catalogue, as it is today, was ever registered: ids are given in its order."
)
"""What to do where the registry is gone: a schema id in a record must mean the same schema as when it was written."""


class Session:
    """One command's parts. Opening is late, because most commands need only some of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._opened = ExitStack()

    @cached_property
    def engine(self) -> Engine:
        """The log, opened or made; closed with the command."""
        from bus.transports import open_engine

        settings = self.settings
        self._make_folder()
        engine = open_engine(settings.transport, wake=settings.wake, inbox_days=settings.inbox_days)
        self._opened.callback(engine.close)
        return engine

    @property
    def standing_engine(self) -> Engine:
        """The log that is there: a command that only looks makes no file, least of all in a wrong folder.

        Raises :class:`~bus.errors.TopicNotFound`.
        """
        from bus.transports import stands

        if "engine" not in self.__dict__ and not stands(self.settings.transport):
            raise TopicNotFound(
                f"there is no log at {shown(self.settings)['transport']}",
                hint="`lienthong topic apply` makes it; `--data` or LIENTHONG_DATA names another folder.",
            )
        return self.engine

    @cached_property
    def registry(self) -> SchemaRegistry:
        """The schemas that are registered. Raises :class:`~bus.errors.RegistryError` where they are lost.

        To open a registry that is gone would make an empty one, and nobody would see any more that it is lost.
        """
        file = self.lost_registry()
        if file is not None:
            raise RegistryError(f"{file} is gone, and the log's records cannot be read without it", hint=LOST_REGISTRY)
        return self._open_registry()

    def make_registry(self) -> SchemaRegistry:
        """Return the registry, made anew where it is gone: for who registers the catalogue."""
        if "registry" not in self.__dict__:
            self.__dict__["registry"] = self._open_registry()
        return self.registry

    def lost_registry(self) -> Path | None:
        """Return the registry's file if it is gone while the log has records."""
        from bus.transports import stands

        file = sqlite_file(self.settings.registry)
        if file is None or file.exists() or not stands(self.settings.transport):
            return None
        admin, log = self.engine.admin, self.engine.log
        has_records = any(span.end for spec in admin.topics() for span in log.ends(spec.name).values())
        return file if has_records else None

    def _open_registry(self) -> SchemaRegistry:
        from bus.registry import open_registry

        self._make_folder()
        registry = open_registry(self.settings.registry)
        close = getattr(registry, "close", None)  # one in this process holds a store; the port knows of none
        if close is not None:
            self._opened.callback(close)
        return registry

    @cached_property
    def catalogue(self) -> Catalogue:
        """The contracts that this installation knows."""
        from schemas.catalogue import load as load_catalogue

        return load_catalogue()

    @cached_property
    def wire(self) -> Wire:
        """Between events and records."""
        from bus.wire import Wire

        return Wire(self.registry, self.catalogue, generated=self.settings.codec == "generated")

    def _make_folder(self) -> None:
        """Make the folder of the data, for its owner only: records name people."""
        folder = self.settings.data
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(folder, error) from error

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()


def sqlite_file(url: str) -> Path | None:
    """Return the file that an SQLite URL names; None for anything else.

    >>> sqlite_file("sqlite:////srv/registry.db"), sqlite_file("postgresql://db/bus")
    (PosixPath('/srv/registry.db'), None)
    """
    path = url.removeprefix("sqlite:///")
    return Path(path) if path not in (url, "") else None


def _unusable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{folder} cannot be the folder of the data: {error.strerror}",
        hint="`--data` or LIENTHONG_DATA names another folder; check the owner and the rights of this one.",
    )


def _check_folder(folder: Path) -> None:
    """Raise :class:`~bus.errors.ConfigError` where no such folder can be; that there is none yet is no fault."""
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(folder, error) from error


def current_session() -> Session:
    """Return the running command's session; it closes when the command ends. Raises ConfigError."""
    context = click.get_current_context().find_root()
    session = context.meta.get("lienthong.session")
    if session is None:
        settings = load(data=context.meta.get("lienthong.data"))
        _check_folder(settings.data)
        logs.configure(settings.log)
        session = Session(settings)
        context.meta["lienthong.session"] = session
        context.call_on_close(session.close)
    found: Session = session
    return found
