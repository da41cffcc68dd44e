"""The loop of a source: fetch → map → check → encode → leave out what is known → one commit with the cursor.

The runtime owns cursor, retries, de-duplication, dead letters and books; a source only knows its partner.
A crash at any point leaves the cursor where the log is, so nothing is lost and nothing is told twice.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from threading import Event
from typing import NamedTuple, TypeVar

from msgspec import Struct

from bus import logs, metrics, retry
from bus.deadletters import Failure
from bus.errors import ContractError, Duplicate, PartnerUnavailable
from bus.producer import Check, Encoder
from bus.records import NewRecord
from bus.retry import PATIENT, STEADY, RetryPolicy
from bus.transport import Commit, CursorClaim, Engine, Saved, Seen
from connectors.books import Burial, Tally
from connectors.letters import letter, letter_id
from connectors.sdk import Batch, Fetched, Source, Watching
from connectors.telling import Refused, tell

_LOG = logs.logger("connectors.runtime")
T = TypeVar("T")


class Run(Struct, frozen=True, kw_only=True):
    """How to run: ``once`` ends at the end, ``stop`` ends after the current commit, ``progress`` hears each commit.

    ``check`` raises ContractError for an event that breaks a value rule. ``partner`` and ``log`` say how patiently
    either is called again; without ``once`` an outage of the partner never ends the run.
    """

    once: bool = False
    stop: Event | None = None
    progress: Callable[[Tally], None] | None = None
    check: Check | None = None
    partner: RetryPolicy = PATIENT
    log: RetryPolicy = STEADY


def run_source(engine: Engine, wire: Encoder, source: Source, run: Run) -> Tally:
    """Take the source's cursor, move everything that follows it into the log, and return the books.

    Raises :class:`~bus.errors.Claimed` while another process runs this source, :class:`~bus.errors.Fenced` if one
    took over, and what the source raises: refused credentials, a lost cursor, a partner that stays away.
    """
    claim = engine.claim(source.name)
    try:
        if not run.once and isinstance(source, Watching):
            source.watch()
        return _Loop(engine, wire, source, run, claim).turn()
    finally:
        claim.release()


class _Entry(NamedTuple):
    """A record on its way to the log, under the id that the inbox remembers; ``burial`` if it is a letter."""

    id: bytes
    record: NewRecord
    burial: Burial | None = None


class _Stopped(Exception):
    """The run is to stop while it waits."""


class _Loop:
    """One run: the cursor, and the books so far."""

    def __init__(self, engine: Engine, wire: Encoder, source: Source, run: Run, claim: CursorClaim) -> None:
        self._engine, self._wire, self._source, self._run, self._claim = engine, wire, source, run, claim
        self._stop = run.stop or Event()
        self._cursor = claim.value
        self._tally = Tally()
        self._is_away = False

    def turn(self) -> Tally:
        """Go round until ``stop``, or the end where the run is once."""
        try:
            while not self._stop.is_set():
                more = self._step()
                if not more and self._run.once:
                    break
                if not more:
                    self._rest(self._source.interval_s)
        except _Stopped:
            logs.tell(_LOG, logging.INFO, "stopped while waiting", source=self._source.name)
        return self._tally

    def _step(self) -> bool:
        """Move one batch, and tell whether there is more."""
        batch = self._fetched()
        if batch is None:
            return True
        if batch.items or batch.cursor != self._cursor:
            self._take(batch)
        return batch.more

    def _fetched(self) -> Batch | None:
        """Return the next batch; None where the partner stays away and the run waits for it."""
        try:
            batch = self._retrying(self._asked, self._run.partner)
        except PartnerUnavailable as error:
            if self._run.once:
                raise
            logs.tell(_LOG, logging.WARNING, "the partner stays away", source=self._source.name, code=error.code)
            self._rest(max(self._source.interval_s, error.wait_s or 0.0))
            return None
        self._is_away = False
        return batch

    def _asked(self) -> Batch:
        """Fetch once, and tell of the first failure of an outage: it may be minutes until the last."""
        try:
            return self._fetch()
        except PartnerUnavailable as error:
            if not self._is_away:
                facts = {"source": self._source.name, "code": error.code, "message": str(error)}
                logs.tell(_LOG, logging.WARNING, "the partner does not answer; trying again", **facts)
            self._is_away = True
            raise

    def _fetch(self) -> Batch:
        """Fetch once. A cursor that stands still although there is more would lead round in circles for ever."""
        batch = self._source.fetch(self._cursor)
        if batch.more and batch.cursor == self._cursor:
            raise PartnerUnavailable(
                f"{self._source.name}: there is said to be more, behind the same cursor as before",
                hint="Either the partner repeats itself, or the source does not move its cursor.",
            )
        return batch

    def _take(self, batch: Batch) -> None:
        entries = [entry for item in batch.items for entry in self._entries(item)]
        fresh = self._committed(self._unknown(entries), batch.cursor)
        self._cursor = batch.cursor
        books = _books(len(batch.items), len(entries), fresh)
        self._tally = self._tally + books
        _count(self._source, books, fresh)
        if not self._run.once:
            _tell_burials(self._source.name, books)
        if self._run.progress is not None:
            self._run.progress(books)

    def _entries(self, item: Fetched) -> Sequence[_Entry]:
        """Tell one thing whole, or bury it whole."""
        try:
            told = tell(item, self._source, self._wire, self._run.check)
        except Refused as refused:
            return [self._letter(item, refused.error, refused.stage)]
        return [_Entry(one.event.id.bytes, one.record) for one in told]

    def _letter(self, item: Fetched, error: ContractError, stage: str) -> _Entry:
        name = self._source.name
        record = letter(item, Failure(error=error, stage=stage, by=name), self._source.topic)
        burial = Burial(code=error.code, stage=stage, place=item.place, message=str(error), hint=error.hint)
        return _Entry(letter_id(item, error, name).bytes, record, burial)

    def _unknown(self, entries: Sequence[_Entry]) -> Sequence[_Entry]:
        """Leave out what the inbox knows, and repeats within the batch."""
        if not entries:
            return ()
        known = set(self._engine.log.seen(self._source.name, [entry.id for entry in entries]))
        fresh = []
        for entry in entries:
            if entry.id not in known:
                known.add(entry.id)
                fresh.append(entry)
        return fresh

    def _committed(self, fresh: Sequence[_Entry], cursor: bytes) -> Sequence[_Entry]:
        """Commit what is new with the cursor, and return it."""
        try:
            self._commit(fresh, cursor)
        except Duplicate as error:
            # Somebody published one of them by hand after we looked; what it said stands.
            fresh = _without(fresh, error.ids)
            self._commit(fresh, cursor)
        return fresh

    def _commit(self, fresh: Sequence[_Entry], cursor: bytes) -> None:
        scope = self._source.name
        commit = Commit(
            appends=[entry.record for entry in fresh],
            cursor=Saved(name=scope, value=cursor, epoch=self._claim.epoch),
            seen=[Seen(scope=scope, id=entry.id) for entry in fresh],
        )
        self._retrying(lambda: self._engine.log.commit(commit), self._run.log)

    def _retrying(self, action: Callable[[], T], policy: RetryPolicy) -> T:
        return retry.call(action, policy, sleep=self._rest)

    def _rest(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise _Stopped


def _without(entries: Sequence[_Entry], ids: Collection[bytes]) -> Sequence[_Entry]:
    return [entry for entry in entries if entry.id not in ids]


def _books(rows: int, entries: int, fresh: Sequence[_Entry]) -> Tally:
    buried = tuple(entry.burial for entry in fresh if entry.burial is not None)
    return Tally(burials=buried) + Tally(
        rows=rows,
        published=len(fresh) - len(buried),
        deduplicated=entries - len(fresh),
        dead_lettered=len(buried),
    )


def _tell_burials(source: str, books: Tally) -> None:
    """Say at once what a watching run buried: it may not end for months."""
    for one in books.burials:
        facts = {"code": one.code, "stage": one.stage, "first": one.place, "count": one.count}
        logs.tell(_LOG, logging.WARNING, "rows were buried", source=source, **facts)


def _count(source: Source, books: Tally, fresh: Sequence[_Entry]) -> None:
    for outcome, count in books.counts().items():
        metrics.source_items(source.name, outcome, count)
    for topic, count in Counter(entry.record.topic for entry in fresh if entry.burial is None).items():
        metrics.published(topic, count)
    for burial in books.burials:
        metrics.buried(source.topic, burial.code, burial.stage, burial.count)
