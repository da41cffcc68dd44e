"""The loop of a source: fetch → map → encode → leave out what is known → one commit with the cursor.

The runtime owns cursor, retries, de-duplication, dead letters and books; a source only knows its partner.
A crash at any point leaves the cursor where the log is, so nothing is lost and nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from bus.errors import ContractError
from bus.records import NewRecord
from bus.transport import Commit, CursorClaim, Engine, Saved, Seen
from connectors.letters import letter, letter_id
from connectors.sdk import Batch, Fetched, Source, Watching

if TYPE_CHECKING:
    from bus.envelope import Envelope

_MAX_VALUE_BYTES = 1024 * 1024
T = TypeVar("T")


class Encoder(Protocol):
    """The half of :class:`bus.wire.Wire` that a source needs."""

    def encode(self, event: Envelope) -> NewRecord:
        """Return the record that tells ``event``. Raises :class:`~bus.errors.ContractError`."""
        ...


class Burial(Struct, frozen=True, kw_only=True):
    """Why, and where first, things of one fault were buried."""

    code: str
    place: str
    message: str
    hint: str
    count: int = 1


class Tally(Struct, frozen=True, kw_only=True):
    """The books of a run: every row is published, known already (``deduplicated``), or buried; some tell nothing."""

    rows: int = 0
    published: int = 0
    deduplicated: int = 0
    dead_lettered: int = 0
    burials: tuple[Burial, ...] = ()

    def __add__(self, other: Tally) -> Tally:
        """Return the books of both, burials of one code counted together."""
        burials = {burial.code: burial for burial in self.burials}
        for burial in other.burials:
            known = burials.get(burial.code)
            burials[burial.code] = burial if known is None else _more(known, burial.count)
        return Tally(
            rows=self.rows + other.rows,
            published=self.published + other.published,
            deduplicated=self.deduplicated + other.deduplicated,
            dead_lettered=self.dead_lettered + other.dead_lettered,
            burials=tuple(burials.values()),
        )


class _Entry(NamedTuple):
    """A record on its way to the log, under the id that the inbox remembers; ``burial`` if it is a letter."""

    id: bytes
    record: NewRecord
    burial: Burial | None = None


Retry = Callable[[Callable[[], T]], T]
Progress = Callable[[Tally], None]
Check = Callable[["Envelope"], None]


class Run(Struct, frozen=True, kw_only=True):
    """How to run: ``once`` ends at the end, ``stop`` ends after the current commit, ``progress`` hears each commit.

    ``retry`` calls again what failed with a retriable error; ``check`` raises ContractError for an event that
    breaks a value rule.
    """

    once: bool = False
    stop: Event | None = None
    progress: Progress | None = None
    retry: Callable[[Callable[[], object]], object] | None = None
    check: Check | None = None


def run_source(engine: Engine, wire: Encoder, source: Source, run: Run) -> Tally:
    """Take the source's cursor, move everything that follows it into the log, and return the books.

    Raises :class:`~bus.errors.Claimed` while another process runs this source, :class:`~bus.errors.Fenced` if one
    took over, and what the source raises: refused credentials, a lost cursor, a partner that stays away.
    """
    stop = run.stop or Event()
    claim = engine.claim(source.name)
    if not run.once and isinstance(source, Watching):
        source.watch()
    try:
        return _Loop(engine, wire, source, run, claim).turn(stop)
    finally:
        claim.release()


class _Loop:
    """One run: the cursor, and the books so far."""

    def __init__(self, engine: Engine, wire: Encoder, source: Source, run: Run, claim: CursorClaim) -> None:
        self._engine, self._wire, self._source, self._run, self._claim = engine, wire, source, run, claim
        self._cursor = claim.value
        self._tally = Tally()

    def turn(self, stop: Event) -> Tally:
        """Go round until ``stop``, or the end where the run is once."""
        while not stop.is_set():
            more = self._step()
            if not more and self._run.once:
                break
            if not more:
                stop.wait(self._source.interval_s)
        return self._tally

    def _step(self) -> bool:
        batch = self._retrying(lambda: self._source.fetch(self._cursor))
        if batch.items or batch.cursor != self._cursor:
            self._take(batch)
        return batch.more

    def _take(self, batch: Batch) -> None:
        entries = [entry for item in batch.items for entry in self._entries(item)]
        fresh = self._unknown(entries)
        commit = self._commit(fresh, batch.cursor)
        self._retrying(lambda: self._engine.log.commit(commit))
        self._cursor = batch.cursor
        books = _books(len(batch.items), entries, fresh)
        self._tally = self._tally + books
        if self._run.progress is not None:
            self._run.progress(books)

    def _entries(self, item: Fetched) -> Sequence[_Entry]:
        """Map and encode one thing whole, or bury it whole."""
        stage = "read"
        try:
            if item.fault is not None:
                raise item.fault
            stage = "map"
            events = self._source.map(item)
            stage = "rules"
            if self._run.check is not None:
                for event in events:
                    self._run.check(event)
            stage = "encode"
            return [_Entry(event.id.bytes, self._encoded(event)) for event in events]
        except ContractError as error:
            return [self._letter(item, error, stage)]

    def _encoded(self, event: Envelope) -> NewRecord:
        record = self._wire.encode(event)
        if record.value is not None and len(record.value) > _MAX_VALUE_BYTES:
            raise ContractError(
                f"the event has {len(record.value)} bytes; a record's limit is {_MAX_VALUE_BYTES}",
                hint="Files never travel on a topic: map their id, media type, size and SHA-256 instead.",
            )
        return record

    def _letter(self, item: Fetched, error: ContractError, stage: str) -> _Entry:
        name = self._source.name
        record = letter(item, error, topic=self._source.topic, source=name, stage=stage)
        burial = Burial(code=error.code, place=item.place, message=str(error), hint=error.hint)
        return _Entry(letter_id(item, error, name).bytes, record, burial)

    def _unknown(self, entries: Sequence[_Entry]) -> Sequence[_Entry]:
        """Leave out what the inbox knows, and repeats within the batch."""
        known = set(self._engine.log.seen(self._source.name, [entry.id for entry in entries])) if entries else set()
        fresh = []
        for entry in entries:
            if entry.id not in known:
                known.add(entry.id)
                fresh.append(entry)
        return fresh

    def _commit(self, fresh: Sequence[_Entry], cursor: bytes) -> Commit:
        scope = self._source.name
        return Commit(
            appends=[entry.record for entry in fresh],
            cursor=Saved(name=scope, value=cursor, epoch=self._claim.epoch),
            seen=[Seen(scope=scope, id=entry.id) for entry in fresh],
        )

    def _retrying(self, call: Callable[[], T]) -> T:
        if self._run.retry is None:
            return call()
        result: list[T] = []
        self._run.retry(lambda: result.append(call()))
        return result[0]


def _books(rows: int, entries: Sequence[_Entry], fresh: Sequence[_Entry]) -> Tally:
    buried = [entry.burial for entry in fresh if entry.burial is not None]
    books = Tally(
        rows=rows,
        published=len(fresh) - len(buried),
        deduplicated=len(entries) - len(fresh),
        dead_lettered=len(buried),
    )
    for burial in buried:
        books = books + Tally(burials=(burial,))
    return books


def _more(burial: Burial, count: int) -> Burial:
    return Burial(
        code=burial.code,
        place=burial.place,
        message=burial.message,
        hint=burial.hint,
        count=burial.count + count,
    )
