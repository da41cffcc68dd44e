"""The consumer: poll a page, handle its records in order, and move the offset with all that came of them.

One commit holds a page's offset, its dead letters, what handlers published and the ids that the inbox remembers. So
what is in the log happens once, and only effects elsewhere may be repeated: for the one page that a crash cut off.

* Records of one key are handled in their order; an outage stops the loop, so nothing is ever overtaken or skipped.
* Bad data, and only bad data, is buried: what cannot be read, and what a handler refuses with a ContractError.
* What a replay marked is passed over, undecoded and counted, unless the group accepts replays.
* Whatever ends a page early, the part that was handled is committed.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from threading import Event
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeVar

from msgspec import Struct

from bus import logs, metrics, replays, retry
from bus.deadletters import DECODE, HANDLE, REDRIVEN_FOR, SUFFIX, Failure, record_letter
from bus.envelope import Envelope
from bus.errors import ConfigError, ContractError, Duplicate, Fenced, NotApplied
from bus.records import NewRecord, Record, TopicPartition
from bus.retry import STEADY, RetryPolicy
from bus.transport import Commit, ConsumerGroup, Engine, Held, Moved, Seen

MAX_PAGE = 500
_IDLE_S = 0.2
"""How long to wait for news before looking for partitions that became free."""

_ID_BYTES = 16
_LOG = logs.logger("bus.consumer")
T = TypeVar("T")

REPLAY = "replay"
"""The outcome of a record that a replay wrote, for a group that does not accept replays."""

Hear = Callable[[Mapping[str, int]], None]
"""Told how many records of a page that was just committed had which outcome."""


class Wire(Protocol):
    """What a consumer needs of :class:`bus.wire.Wire`."""

    def decode(self, record: Record) -> Envelope:
        """Return the event that a record tells. Raises :class:`~bus.errors.ContractError`."""
        ...

    def encode(self, event: Envelope) -> NewRecord:
        """Return the record that tells ``event``. Raises :class:`~bus.errors.ContractError`."""
        ...


Handler = Callable[[Envelope, Record], Iterable[Envelope] | None]
"""Does what an event asks for; events that it returns are published in the page's commit.

It raises ContractError for bad data, and a retriable error for an outage. An id may come again after a crash.
"""

Around = Callable[[], AbstractContextManager[object]]
"""Opens a transaction of one's own for a page. It ends before the page's commit, and is undone where the page fails:
then all of the page comes again. A handler that refuses an event undoes by itself what it has written for it.
"""


class Subscription(Struct, frozen=True, kw_only=True):
    """Who reads what, and how.

    ``types`` are the event types that are handled, all if None, and ``not_from`` sources whose events are not: what is
    passed over is not even decoded, and no bad bytes among it are buried. ``inbox`` leaves out events whose id this
    group has handled within the inbox's window. ``tells_once`` leaves out events that the handler returns and whose id
    their source has told within that window. ``accepts_replays`` takes records that a replay marked, and in
    :data:`bus.replays.TOPIC` only those that come from one of ``topics``; everyone else skips and counts them.
    ``renew_s`` is how long a slow handler may take before the lease is renewed between two records; keep it well below
    the engine's lease.
    """

    group: str
    topics: tuple[str, ...]
    types: frozenset[str] | None = None
    not_from: frozenset[str] = frozenset()
    inbox: bool = False
    tells_once: bool = False
    accepts_replays: bool = False
    page: int = MAX_PAGE
    policy: RetryPolicy = STEADY
    renew_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.topics or any(topic.endswith(SUFFIX) for topic in self.topics):
            raise ConfigError(f"group {self.group} must read topics, and dead letters are none", hint="Redrive them.")
        if not 1 <= self.page <= MAX_PAGE:
            raise ConfigError(f"group {self.group}: a page has 1 to {MAX_PAGE} records")


class _Told(NamedTuple):
    """A record that a handler, or its failure, adds to the log; ``seen`` if its source is to tell it only once."""

    record: NewRecord
    seen: Seen | None = None


class _Entry(NamedTuple):
    """What one record adds to its page's commit; ``id`` is remembered, if there is one."""

    id: bytes | None
    told: tuple[_Told, ...]


class _Page:
    """One partition's page on its way: how far it has been handled, and what has come of it."""

    __slots__ = ("began", "entries", "held", "known", "next", "outcomes", "partition")

    def __init__(self, partition: TopicPartition, held: Held, known: set[bytes]) -> None:
        self.partition, self.held, self.known = partition, held, known
        self.next = held.next
        self.began = monotonic()
        self.entries: list[_Entry] = []
        self.outcomes: Counter[str] = Counter()


class _Stopped(Exception):
    """The consumer is to stop while it waits to try again."""


class Consumer:
    """One member of a group. Belongs to one thread; :meth:`run` ends when ``stop`` is set from another.

    ``step`` raises what handlers and the log raise, but for bad data and fencing. Then nothing is lost: a new
    consumer, or the next ``step``, goes on behind the last record that was handled; with ``around``, at the page's
    first.
    """

    def __init__(
        self, engine: Engine, wire: Wire, subscription: Subscription, handler: Handler, *, around: Around | None = None
    ) -> None:
        self._engine, self._wire, self._handler, self._around = engine, wire, handler, around
        self._log = engine.log
        self._about = subscription
        self._member: ConsumerGroup | None = None
        self._stop = Event()
        self._hear: Hear | None = None
        self._outcomes: Counter[str] = Counter()
        self._renewed_at = 0.0

    @property
    def outcomes(self) -> Mapping[str, int]:
        """How many records had which outcome, of all that this consumer has committed; grows as it goes on.

        ``handled``, ``duplicate``, ``buried``, ``replay`` (passed over), ``elsewhere`` (redriven for another group)
        and ``other`` (not of the group's types, sources or topics).
        """
        return MappingProxyType(self._outcomes)

    def run(self, stop: Event, *, once: bool = False, hear: Hear | None = None) -> None:
        """Handle what is there and what comes, until ``stop``; then commit what was handled, and leave the group.

        ``once`` ends as soon as the group has handled all that was there at the start. ``hear`` must not raise.
        """
        self._stop, self._hear = stop, hear
        goal = self._ends() if once else None
        version = 0
        try:
            while not stop.is_set() and not (goal is not None and self._has_reached(goal)):
                if self.step() == 0:
                    version = self._log.wait(version, _IDLE_S)
        except _Stopped:
            logs.tell(_LOG, logging.INFO, "stopped while waiting to try again", group=self._about.group)
        finally:
            self.close()

    def step(self) -> int:
        """Handle one page of each partition held, and return how many records that were; 0 when all is read."""
        try:
            held = self._joined().assignment()
            self._renewed_at = monotonic()
            return sum(self._page(partition, claim) for partition, claim in held.items() if not self._stop.is_set())
        except Fenced:
            metrics.fenced(self._about.group)
            logs.tell(_LOG, logging.WARNING, "fenced: joining the group again", group=self._about.group)
            self.close()
            return 1  # there is more to do, only not with these positions

    def close(self) -> None:
        """Leave the group, if joined; a later ``step`` joins again."""
        member, self._member = self._member, None
        if member is not None:
            member.leave()

    def _ends(self) -> Mapping[TopicPartition, int]:
        """Return the end of every partition that has something to read."""
        spans = [item for topic in self._about.topics for item in self._log.ends(topic).items()]
        return {partition: span.end for partition, span in spans if span.end > span.first}

    def _has_reached(self, goal: Mapping[TopicPartition, int]) -> bool:
        group = self._about.group
        at = {state.partition: state.next for state in self._engine.admin.groups() if state.group == group}
        return all(at.get(partition, 0) >= end for partition, end in goal.items())

    def _joined(self) -> ConsumerGroup:
        if self._member is None:
            self._member = self._engine.join(self._about.group, self._about.topics)
        return self._member

    def _page(self, partition: TopicPartition, held: Held) -> int:
        records = self._retrying(lambda: self._log.read(partition, held.next, self._size_of_page(partition)))
        if not records:
            return 0
        self._tell_expired(partition, held.next, records[0].offset)
        ids = self._ids(records)
        known = self._log.seen(self._about.group, [found for found in ids if found]) if self._about.inbox else ()
        page = _Page(partition, held, set(known))
        if self._around is not None:
            # Where this fails, the agency's transaction is undone: then nothing of the page may be committed here.
            with self._around():
                self._take_all(records, ids, page)
            self._commit(page)
            return sum(page.outcomes.values())
        try:
            self._take_all(records, ids, page)
        finally:
            # Also when a handler failed: what stands before it is done, and must not be done again.
            self._commit(page)
        return sum(page.outcomes.values())

    def _size_of_page(self, partition: TopicPartition) -> int:
        """Copies that nobody handles are read many at a time: a large replay must not cost many commits."""
        is_passed_over = replays.is_replay_topic(partition.topic) and not self._about.accepts_replays
        return MAX_PAGE if is_passed_over else self._about.page

    def _take_all(self, records: Sequence[Record], ids: Sequence[bytes | None], page: _Page) -> None:
        for record, event_id in zip(records, ids, strict=True):
            if self._stop.is_set():
                break
            self._renew()
            self._take(record, event_id, page)

    def _take(self, record: Record, event_id: bytes | None, page: _Page) -> None:
        if event_id is not None and event_id in page.known:
            outcome = "duplicate"
        else:
            outcome, told = self._outcome(record)
            remembered = event_id if outcome == "handled" else None
            if remembered is not None:
                page.known.add(remembered)
            if told or remembered is not None:
                page.entries.append(_Entry(remembered, told))
        page.outcomes[outcome] += 1
        page.next = record.offset + 1

    def _outcome(self, record: Record) -> tuple[str, tuple[_Told, ...]]:
        """Handle one record, and return what became of it with what it adds to the log."""
        if not concerns(self._about, record):
            return "other", ()
        if passes_over(self._about, record):
            return REPLAY, ()
        if record.header(REDRIVEN_FOR) not in (None, self._about.group.encode()):
            return "elsewhere", ()
        try:
            event = self._retrying(lambda: self._wire.decode(record))
        except NotApplied:
            raise
        except ContractError as error:
            return self._bury(record, error, DECODE, 1)
        return self._handle(event, record)

    def _handle(self, event: Envelope, record: Record) -> tuple[str, tuple[_Told, ...]]:
        attempts = 0

        def attempt() -> tuple[_Told, ...]:
            nonlocal attempts
            attempts += 1
            told = self._handler(event, record)
            return () if told is None else tuple(self._told(one) for one in told)

        try:
            return "handled", self._retrying(attempt)
        except NotApplied:
            raise
        except ContractError as error:
            return self._bury(record, error, HANDLE, attempts)

    def _bury(self, record: Record, error: ContractError, stage: str, attempts: int) -> tuple[str, tuple[_Told, ...]]:
        letter = record_letter(record, Failure(error=error, stage=stage, by=self._about.group, attempts=attempts))
        metrics.buried(record.topic, error.code, stage)
        facts = {"group": self._about.group, "place": str(record.place), "code": error.code, "stage": stage}
        logs.tell(_LOG, logging.WARNING, "a record is buried", **facts)
        return "buried", (_Told(letter),)

    def _told(self, event: Envelope) -> _Told:
        seen = Seen(scope=event.source, id=event.id.bytes) if self._about.tells_once else None
        return _Told(self._wire.encode(event), seen)

    def _ids(self, records: Sequence[Record]) -> Sequence[bytes | None]:
        return [inbox_id(record) for record in records] if self._about.inbox else [None] * len(records)

    def _commit(self, page: _Page) -> None:
        if page.next == page.held.next:
            return
        self._commit_once(page, frozenset())
        self._count(page)

    def _count(self, page: _Page) -> None:
        topic, group = page.partition.topic, self._about.group
        for outcome, count in page.outcomes.items():
            metrics.consumed(topic, group, outcome, count)
        metrics.page_took(group, monotonic() - page.began)
        passed_over = page.outcomes[REPLAY]
        if passed_over:
            facts: Mapping[str, object] = {"group": group, "topic": topic, "count": passed_over}
            logs.tell(_LOG, logging.INFO, "replayed records were passed over", **facts)
        self._outcomes.update(page.outcomes)
        if self._hear is not None:
            self._hear(page.outcomes)

    def _commit_once(self, page: _Page, known: frozenset[bytes]) -> None:
        """Commit without what is known. Another member may handle the same event, from another partition, meanwhile:
        then its outcome stands. So it does where an event that is to be told once has been told.
        """
        commit = self._about_to(page, known)
        try:
            self._retrying(lambda: self._log.commit(commit))
        except Duplicate as error:
            self._commit_once(page, known | frozenset(error.ids))

    def _about_to(self, page: _Page, without: frozenset[bytes]) -> Commit:
        group = self._about.group
        entries = [entry for entry in page.entries if entry.id is None or entry.id not in without]
        told = _once([one for entry in entries for one in entry.told], without)
        handled = [Seen(scope=group, id=entry.id) for entry in entries if entry.id is not None]
        return Commit(
            appends=[one.record for one in told],
            offsets=[Moved(group=group, partition=page.partition, next=page.next, epoch=page.held.epoch)],
            seen=handled + [one.seen for one in told if one.seen is not None],
        )

    def _tell_expired(self, partition: TopicPartition, expected: int, found: int) -> None:
        """Tell of records that retention removed unread; a hole that compaction made is none of them."""
        if found == expected:
            return
        first = self._log.ends(partition.topic)[partition].first
        if first > expected:
            group = self._about.group
            metrics.expired(partition.topic, group, first - expected)
            facts: Mapping[str, object] = {"group": group, "partition": str(partition), "offsets": first - expected}
            logs.tell(_LOG, logging.ERROR, "retention removed records that this group had not read", **facts)

    def _retrying(self, action: Callable[[], T]) -> T:
        return retry.call(action, self._about.policy, sleep=self._rest)

    def _rest(self, seconds: float) -> None:
        """Wait to try again, without losing the lease, and not when there is no next try to wait for."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if self._stop.wait(min(left, self._about.renew_s)):
                raise _Stopped
            self._renew()

    def _renew(self) -> None:
        now = monotonic()
        if now - self._renewed_at >= self._about.renew_s and self._member is not None:
            self._member.renew()
            self._renewed_at = now


def concerns(subscription: Subscription, record: Record) -> bool:
    """Tell by its headers whether a record is of a type and from a source that the group handles.

    In the topic that everyone reads for replays, it must come from one of the group's own topics as well. A record
    that does not tell its type, or its origin, concerns everyone: nobody could say that it was passed over rightly.
    """
    if record.topic == replays.TOPIC and replays.origin_topic(record) not in ("", *subscription.topics):
        return False
    types, event_type, source = subscription.types, record.header("ce_type"), record.header("ce_source")
    if types is not None and event_type is not None and event_type.decode("utf-8", "replace") not in types:
        return False
    return source is None or source.decode("utf-8", "replace") not in subscription.not_from


def passes_over(subscription: Subscription, record: Record) -> bool:
    """Tell whether a record that concerns the group is a replay's, and the group does not take those.

    What stands in a replay's topic is a replay's, with marks or without. Who accepts replays takes what the others
    pass over; but of the topic that everyone reads for them only what its marks prove to be meant for the group.
    """
    if not replays.is_copy(record):
        return False
    if not subscription.accepts_replays:
        return True
    return record.topic == replays.TOPIC and not (replays.is_marked(record) and replays.origin_topic(record))


def _once(told: Sequence[_Told], without: Collection[bytes]) -> Sequence[_Told]:
    """Leave out what was told before, and repeats within the page."""
    known, kept = set(without), []
    for one in told:
        if one.seen is not None:
            if one.seen.id in known:
                continue
            known.add(one.seen.id)
        kept.append(one)
    return kept


def inbox_id(record: Record) -> bytes | None:
    """Return the 16 bytes under which an inbox remembers a record's event; None where it has no readable id.

    A replayed event counts once for each run, since who accepts replays asked for it again.
    """
    event_id, run = record.header("ce_id"), record.header(replays.RUN)
    if event_id is None:
        return None
    try:
        found = bytes.fromhex(event_id.decode("ascii").replace("-", ""))
    except ValueError:
        return None
    if run is not None:
        found = hashlib.sha256(found + run).digest()[:_ID_BYTES]
    return found if len(found) == _ID_BYTES else None
