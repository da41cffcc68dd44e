"""What a command works with: settings, engine, registry, catalogue and wire, each opened when first asked for."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING

import click

from bus import logs
from bus.settings import Settings, load, shown

if TYPE_CHECKING:
    from bus.registry import SchemaRegistry
    from bus.transport import Engine
    from bus.wire import Wire
    from schemas.catalogue import Catalogue


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
        from bus.errors import TopicNotFound
        from bus.transports import stands

        if "engine" not in self.__dict__ and not stands(self.settings.transport):
            raise TopicNotFound(
                f"there is no log at {shown(self.settings)['transport']}",
                hint="`lienthong topic apply` makes it; `--data` or LIENTHONG_DATA names another folder.",
            )
        return self.engine

    @cached_property
    def registry(self) -> SchemaRegistry:
        """The schemas that are registered."""
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
        self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)

    def close(self) -> None:
        """Close what was opened."""
        self._opened.close()


def current_session() -> Session:
    """Return the running command's session; it closes when the command ends. Raises ConfigError."""
    context = click.get_current_context().find_root()
    session = context.meta.get("lienthong.session")
    if session is None:
        settings = load(data=context.meta.get("lienthong.data"))
        logs.configure(settings.log)
        session = Session(settings)
        context.meta["lienthong.session"] = session
        context.call_on_close(session.close)
    found: Session = session
    return found
