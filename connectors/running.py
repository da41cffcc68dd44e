"""Running a part, and rehearsing a source, within a session: what the commands and the server share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from bus.cli.session import Session
from bus.errors import ConfigError
from bus.producer import Check
from bus.registry import open_registry
from bus.rules import value_rules
from bus.transport import Engine
from bus.transports import open_engine, stands
from bus.wire import Wire
from connectors.books import Tally
from connectors.delivery import Deliver, run_sink
from connectors.ledger import Ledger, open_ledger
from connectors.runtime import Run, run_source
from connectors.sdk import Bookkeeping, Connector, Exchange, Part, Sampling, Sink, Source, Webhook
from connectors.trial import Trial, trials
from registry.apply import apply_catalogue

Hear: TypeAlias = Callable[[Tally], None]
_IN_MEMORY = "sqlite://"


class House(NamedTuple):
    """What parts run on. ``ledger`` is None where no part needs one. Threads share all of it."""

    engine: Engine
    wire: Wire
    check: Check
    ledger: Ledger | None


class How(Struct, frozen=True, kw_only=True):
    """How to run: ``once`` ends at the end, ``stop`` after what is in hand; ``hear`` is given a source's books of each
    commit, ``delivered`` a sink's outcomes so far after each event, ``passed_over`` how many replayed records a sink's
    page had that it does not accept.
    """

    once: bool = False
    stop: Event | None = None
    hear: Hear | None = None
    delivered: Callable[[Mapping[str, int]], None] | None = None
    passed_over: Callable[[int], None] | None = None


@contextmanager
def open_house(session: Session, parts: Sequence[Part]) -> Iterator[House]:
    """Bring the installation to the catalogue, and open what ``parts`` need; hand them the ledger."""
    apply_catalogue(session.engine, session.registry, session.catalogue)
    with ExitStack() as opened:
        ledger = None
        if any(isinstance(part, Sink | Bookkeeping) for part in parts):
            ledger = open_ledger(session.settings.ledger)
            opened.callback(ledger.close)
        for part in parts:
            if isinstance(part, Bookkeeping) and ledger is not None:
                part.keep(ledger)
        yield House(session.engine, session.wire, value_rules(session.catalogue), ledger)


def run_part(house: House, part: Source | Sink, how: How) -> None:
    """Run a source, sink or exchange until its end or ``stop``; raises what ends it otherwise."""
    if isinstance(part, Source):
        run_source(
            house.engine, house.wire, part, Run(once=how.once, stop=how.stop, progress=how.hear, check=house.check)
        )
        return
    assert house.ledger is not None  # noqa: S101 - opened for every sink
    deliver = Deliver(
        once=how.once, stop=how.stop, progress=how.delivered, passed_over=how.passed_over, check=house.check
    )
    run_sink(house.engine, house.wire, part, house.ledger, deliver)


def kind_of(part: Part) -> str:
    """Return a part's kind as people say it."""
    if isinstance(part, Source):
        return "source"
    if isinstance(part, Webhook):
        return "webhook"
    return "exchange" if isinstance(part, Exchange) else "sink"


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
        with ledger_as_it_stands(session) as ledger:
            if isinstance(source, Bookkeeping):
                source.keep(ledger)
            yield from trials(source, wire, value_rules(session.catalogue), most)
    finally:
        engine.close()


@contextmanager
def ledger_as_it_stands(session: Session) -> Iterator[Ledger]:
    """Open the ledger for parts that look into it; an empty one in memory where there is none."""
    url = session.settings.ledger
    with closing(open_ledger(_IN_MEMORY if url.startswith("sqlite:") and not stands(url) else url)) as ledger:
        yield ledger
