"""What makes an agency, and its loop: a consumer whose handler keeps the book and returns what is to be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Event

from msgspec import Struct

from bus import Envelope, Record
from bus.consumer import Consumer, Subscription
from bus.registry import open_registry
from bus.settings import load
from bus.transports import open_engine
from bus.wire import Wire
from connectors.demo.agencies.book import Book, Effect
from schemas.catalogue import load as load_catalogue


class Agency(Struct, frozen=True, kw_only=True):
    """Which events it reads, what it does because of one (None: nothing), and what it tells of that (None: nothing).

    ``tell`` is a function of its two arguments alone: after a crash the same words are told again, and the bus sees by
    the id that it has them.
    """

    subscription: Subscription
    act: Callable[[Envelope], Effect | None]
    tell: Callable[[Envelope, Effect], Envelope | None]

    @property
    def name(self) -> str:
        """The group, and the source of what it tells."""
        return self.subscription.group


def run(agency: Agency, data: Path, stop: Event, *, once: bool = False) -> None:
    """Handle what is in the log and what comes, until ``stop``; ``once`` ends at the end of what is there."""
    settings = load(data=data)
    wire = Wire(open_registry(settings.registry), load_catalogue())
    with closing(open_engine(settings.transport)) as engine, closing(Book(file_of(agency.name, data))) as book:
        Consumer(engine, wire, agency.subscription, handler(agency, book), around=book.page).run(stop, once=once)


def handler(agency: Agency, book: Book) -> Callable[[Envelope, Record], Iterable[Envelope]]:
    """Return what the consumer calls for each event; what it returns is published in the commit that moves the offset.

    A ContractError that it raised would bury the event; a retriable error would have it tried again.
    """

    def handle(event: Envelope, record: Record) -> Iterable[Envelope]:
        effect = book.once(event, record, agency.act)
        told = None if effect is None else agency.tell(event, effect)
        return () if told is None else [told]

    return handle


def file_of(name: str, data: Path) -> Path:
    """Return where an agency of the demo has its database."""
    return data / "simulators" / "agencies" / f"{name}.db"


def after(event: Envelope, chance: Random, least: timedelta, most: timedelta) -> str:
    """Return a time after an event's own, in whole seconds: agencies of the demo live in the dossiers' time."""
    seconds = chance.randint(int(least.total_seconds()), int(most.total_seconds()))
    return (event.time.replace(microsecond=0) + timedelta(seconds=seconds)).isoformat()


def moment(effect: Effect) -> datetime:
    """Return when something was done."""
    return datetime.fromisoformat(effect.at)


def has_kind(event: Envelope, kind: str) -> bool:
    """Tell whether a ResultIssued is of this kind."""
    code = event.payload["kind"]
    return code is not None and code["code"] == kind
