"""Running and rehearsing a source within a session: what the commands and the demo share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import TypeAlias

from bus.cli.progress import progress_bar
from bus.cli.session import Session
from bus.errors import ConfigError
from bus.registry import open_registry
from bus.rules import value_rules
from bus.transports import open_engine
from bus.wire import Wire
from connectors.books import Books, Tally
from connectors.runtime import Run, run_source
from connectors.sdk import Connector, Part, Sampling, Source
from connectors.trial import Trial, trials
from registry.apply import apply_catalogue

Hear: TypeAlias = Callable[[Tally], None]
_IN_MEMORY = "sqlite://"


def run(
    session: Session,
    source: Source,
    *,
    once: bool,
    stop: Event | None = None,
    hear: Callable[[Tally], None] | None = None,
) -> Tally:
    """Bring the installation to the catalogue, then run ``source`` as :func:`connectors.runtime.run_source` does.

    ``hear`` is given the books of each commit, as it is made.
    """
    apply_catalogue(session.engine, session.registry, session.catalogue)
    books = Books()
    with progress_bar(f"Reading {source.name}") as show:

        def progress(added: Tally) -> None:
            books.add(added)
            show(books.so_far.rows, None)
            if hear is not None:
                hear(added)

        how = Run(once=once, stop=stop, progress=progress, check=value_rules(session.catalogue))
        return run_source(session.engine, session.wire, source, how)


def open_for_trial(connector: Connector, config: Path, sample: Path | None) -> Source:
    """Open a source for :func:`rehearse`, on a sample if one is given. Raises :class:`~bus.errors.ConfigError`."""
    if sample is None:
        return _the_source(connector, connector.open(config))
    if not isinstance(connector, Sampling):
        raise ConfigError(f"the connector `{connector.name}` reads no files", hint="Leave out `--sample`.")
    return connector.open_sample(config, sample)


def _the_source(connector: Connector, parts: Sequence[Part]) -> Source:
    """Return the first part that brings things; the others are let go of."""
    sources = [part for part in parts if isinstance(part, Source)]
    for part in parts:
        if part not in sources[:1]:
            part.close()
    if not sources:
        raise ConfigError(
            f"the connector `{connector.name}` brings nothing that could be tried",
            hint="`lienthong connector test` looks at all parts.",
        )
    return sources[0]


def rehearse(session: Session, source: Source, most: int) -> Iterator[Trial]:
    """Yield what the first ``most`` things would become; schemas are registered in memory only."""
    registry, engine = open_registry(_IN_MEMORY), open_engine(_IN_MEMORY)
    try:
        apply_catalogue(engine, registry, session.catalogue)
        wire = Wire(registry, session.catalogue, generated=session.settings.codec == "generated")
        yield from trials(source, wire, value_rules(session.catalogue), most)
    finally:
        engine.close()
