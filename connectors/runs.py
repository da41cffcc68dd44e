"""One ``connector run``: the parts of one configuration, one after the other or together, and their books."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from threading import Event, Thread

from bus.cli.progress import progress_bar
from bus.cli.session import Session
from bus.deadletters import dead_letter_topic
from bus.pages import pages
from bus.records import TopicPartition
from bus.transport import Engine
from connectors.books import Books, Tally
from connectors.delivery import subscription
from connectors.ingress import Door, Intake, make_app
from connectors.running import House, How, kind_of, open_house, run_part
from connectors.sdk import Part, Sink, Source, Webhook

_LOOK_S = 0.05


class Runs:
    """All parts of a configuration. ``once``: sources, then sinks, each to its end; else all together until ``stop``.

    A webhook takes notices only without ``once``, and where a ``port`` is given.
    """

    def __init__(self, session: Session, parts: Sequence[Part], *, once: bool, stop: Event, port: int | None) -> None:
        self._session, self._parts, self._once, self._stop, self._port = session, parts, once, stop, port
        self._sources = [part for part in parts if isinstance(part, Source)]
        self._sinks = [part for part in parts if isinstance(part, Sink)]
        self._webhooks = {part.name: part for part in parts if isinstance(part, Webhook)}
        self._delivered: dict[str, Mapping[str, int]] = {}
        self._passed_over: Counter[str] = Counter()
        self._letters: Letters | None = None
        self.books = Books()

    def about(self) -> Iterator[str]:
        """Yield a line for a person on each part."""
        for part in self._parts:
            kind = "" if isinstance(part, Source) else f" ({kind_of(part)})"
            if isinstance(part, Webhook) and not self._is_open:
                yield f"{part.name}{kind}: takes no notices with --once or without --port"
            else:
                yield f"{part.name}{kind}: into {self._session.settings.data}"

    def run(self) -> None:
        """Run everything; raises what the first part that fails raises, when all have ended."""
        with open_house(self._session, self._parts) as house, ExitStack() as opened:
            self._letters = Letters(house.engine, self._sinks)
            moving: list[Source | Sink] = [*self._sources, *self._sinks]
            jobs = [self._job(house, part) for part in moving]
            if self._is_open:
                intake = Intake(house.engine.log, house.wire, check=house.check)
                app = make_app(intake, self._webhooks, lambda: (True, {"ready": True}))
                opened.enter_context(Door(app, port=self._port or 0))
                jobs.append(lambda: _wait(self._stop))
            if not self._once:
                together(jobs, self._stop)
                return
            for job in jobs:
                if not self._stop.is_set():
                    job()

    def counts(self) -> dict[str, int]:
        """Return the books by name: those of sources, if there are any, and those of sinks, if there are any."""
        found = self.books.so_far.counts() if self._sources else {}
        return found | (self._outcomes() if self._sinks else {})

    @property
    def has_buried(self) -> bool:
        """Whether anything was buried."""
        counts = self.counts()
        return bool(counts.get("dead_lettered") or counts.get("buried"))

    @property
    def topics(self) -> Sequence[str]:
        """The topics to whose dead letters these parts bury."""
        found = [source.topic for source in self._sources]
        return sorted({*found, *(topic for sink in self._sinks for topic in _handled(sink))})

    @property
    def _is_open(self) -> bool:
        return bool(self._webhooks) and not self._once and self._port is not None

    def _job(self, house: House, part: Source | Sink) -> Callable[[], None]:
        def deliver() -> None:
            passed_over = self._hear_passed_over(part.name)
            delivered = self._hear(part.name)
            run_part(house, part, How(once=self._once, stop=self._stop, delivered=delivered, passed_over=passed_over))

        def read() -> None:
            with progress_bar(f"Reading {part.name}") as show:

                def hear(added: Tally) -> None:
                    self.books.add(added)
                    show(self.books.so_far.rows, None)

                run_part(house, part, How(once=self._once, stop=self._stop, hear=hear))

        return read if isinstance(part, Source) else deliver

    def _hear(self, name: str) -> Callable[[Mapping[str, int]], None]:
        def hear(outcomes: Mapping[str, int]) -> None:
            self._delivered[name] = dict(outcomes)

        return hear

    def _hear_passed_over(self, name: str) -> Callable[[int], None]:
        def hear(count: int) -> None:
            self._passed_over[name] += count  # of this name alone: sinks have threads of their own

        return hear

    def _outcomes(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for outcomes in self._delivered.values():
            total.update(outcomes)
        return {
            "delivered": total["delivered"] + total["settled"],
            "known": total["known"],
            "nothing_to_do": total["nothing"],
            "buried": self._letters.count() if self._letters is not None else 0,
            "passed_over": self._passed_over.total(),
        }


class Letters:
    """The dead letters that groups write from now on, counted in the log."""

    def __init__(self, engine: Engine, sinks: Sequence[Sink]) -> None:
        self._log = engine.log
        self._groups = {sink.name for sink in sinks}
        topics = {dead_letter_topic(topic) for sink in sinks for topic in _handled(sink)}
        self._since = {place: span.end for topic in topics for place, span in self._log.ends(topic).items()}

    def count(self) -> int:
        """Return how many there are by now."""
        return sum(self._in(place, first) for place, first in self._since.items())

    def _in(self, place: TopicPartition, first: int) -> int:
        end = self._log.ends(place.topic)[place].end
        records = (record for page in pages(self._log, place, first, end) for record in page.sound())
        return sum(record.text("lt_error_group") in self._groups for record in records)


def _handled(sink: Sink) -> Sequence[str]:
    """Return the topics of which a sink handles records, and so may bury some."""
    about = subscription(sink)
    return about.topics if about.accepts_replays else sink.topics


def together(jobs: Sequence[Callable[[], None]], stop: Event) -> None:
    """Run each job in a thread of its own until all have ended; the first that raises stops the others, and is raised.

    Waits by looking, since the signal that sets ``stop`` comes to the thread that waits.
    """
    failures: list[BaseException] = []

    def work(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread that asked for it
            failures.append(error)
            stop.set()

    threads = [Thread(target=work, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(_LOOK_S)
    if failures:
        raise failures[0]


def _wait(stop: Event) -> None:
    """Let a door alone keep the run going."""
    while not stop.wait(_LOOK_S * 10):
        pass
