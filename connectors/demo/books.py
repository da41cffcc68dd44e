"""The demo's books: what partners and agencies hold on one side, the log and the ledger on the other, and the balance.

Counted at the end, over all runs on the data, from what stands on disk; never from counters of what is being proven.
Nothing here writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from bus.cli.session import Session
from bus.consumer import Subscription, Wire
from bus.transport import Transport
from connectors.demo import groups
from connectors.demo.facts import Fact, true_facts
from connectors.demo.home import find_home
from connectors.demo.scan import Id, Positions, Scan, Spot
from connectors.demo.stores import AGENCIES, PARTNERS, Stores
from connectors.ledger import AMBIGUOUS, DONE, SENDING, Ledger, open_ledger


class Share(Struct, frozen=True, kw_only=True):
    """A group's part: how many events it had to handle, how many it did, and how many of the others it buried.

    ``passed_over`` are replayed records that concern it and that it has left alone: they are no part of the balance.
    """

    subscribed: int
    delivered: int
    dead_lettered: int
    passed_over: int = 0


class Books(Struct, frozen=True, kw_only=True):
    """The ten numbers; README.md of the project says what each counts. ``groups`` has each group's part."""

    dossiers: int
    published: int
    delivered: int
    deduplicated: int
    dead_lettered: int
    lost: int
    out_of_order: int
    duplicate_effects: int
    elapsed_s: float
    events_per_s: float
    groups: Mapping[str, Share]

    @property
    def balanced(self) -> bool:
        """Tell whether nothing was lost, out of order, or done twice."""
        return self.lost == self.out_of_order == self.duplicate_effects == 0


class Kept(NamedTuple):
    """Where the books are read from; ``dossiers`` is how many were to come in."""

    log: Transport
    wire: Wire
    topics: Sequence[str]
    ledger: Ledger
    stores: Stores
    groups: Sequence[Subscription]
    positions: Positions
    dossiers: int


class Ran(NamedTuple):
    """This run: how long it took, in seconds, and how many events were published meanwhile."""

    elapsed_s: float
    published: int


class Effect(NamedTuple):
    """A first effect of a group: which record of which key it comes from."""

    group: str
    key: str
    spot: Spot


def balance(session: Session, ran: Ran) -> Books:
    """Return the books of the demo in a session's folder."""
    settings = session.settings
    topics = [topic.name for topic in session.catalogue.topics]
    positions = {(one.group, one.partition): one.next for one in session.engine.admin.groups()}
    home = find_home(settings.data)
    with closing(open_ledger(settings.ledger)) as ledger:
        kept = Kept(
            session.engine.log, session.wire, topics, ledger, Stores(settings.data),
            groups.subscriptions(settings.data), positions, home.dossiers if home else 0,
        )  # fmt: skip
        return count(kept, ran)


def count(kept: Kept, ran: Ran) -> Books:
    """Read everything, and return the books. Raises :class:`~bus.errors.CorruptRecord` where a record is damaged."""
    facts = set(true_facts(kept.stores))
    scan = Scan(kept.wire, kept.groups, kept.positions)
    scan.read(kept.log, kept.topics, facts)
    entries = _Entries(kept.ledger)
    done = {one.group: entries.done.get(one.group, set()) for one in kept.groups}
    done |= {name: {UUID(row.id).bytes for row in kept.stores.handled(name)} for name in AGENCIES}
    shares = {name: _share(scan, name, ids) for name, ids in sorted(done.items())}
    return Books(
        dossiers=kept.stores.dossiers()[0],
        published=scan.published,
        delivered=sum(share.delivered for share in shares.values()),
        deduplicated=_deduplicated(kept.stores),
        dead_lettered=scan.letters,
        lost=max(
            _untold(facts, scan, kept.stores) + _undone(scan, done) + _open(entries, scan, done), _unfinished(kept)
        ),
        out_of_order=out_of_order(_effects(entries, kept.stores), scan.redriven),
        duplicate_effects=_duplicates(kept.stores),
        elapsed_s=round(ran.elapsed_s, 3),
        events_per_s=round(ran.published / ran.elapsed_s, 1) if ran.elapsed_s else 0.0,
        groups=shares,
    )


def answer(books: Books) -> dict[str, Any]:
    """Return the books for JSON: numbers, and the groups' parts."""
    numbers = {name: getattr(books, name) for name in books.__struct_fields__ if name != "groups"}
    parts = {
        name: {field: getattr(share, field) for field in share.__struct_fields__}
        for name, share in books.groups.items()
    }
    return {**numbers, "groups": parts}


# -- what was lost --------------------------------------------------------------------------------------


def _unfinished(kept: Kept) -> int:
    """Count the dossiers that are not final, or never came in: each lacks something, whatever else is found missing."""
    return max(kept.dossiers - kept.stores.dossiers()[1], 0)


def _untold(facts: Iterable[Fact], scan: Scan, stores: Stores) -> int:
    """Count the facts that neither a record nor a letter tells, and the rows that nobody can map without a letter."""
    bad = Counter(stores.bad_rows())
    missing_letters = sum(max(rows - scan.items["one-stop", dossier], 0) for dossier, rows in bad.items())
    letters = _letters(scan, bad)
    return missing_letters + sum(not _is_buried(fact, letters) for fact in facts)


def _letters(scan: Scan, bad: Mapping[str, int]) -> Sequence[tuple[str, str]]:
    """Return source and key of the letters that may hold a fact: a partner's item, or the question that it answers.

    A letter holds a whole row, so it accounts for all that the row would have told of its dossier.
    """
    items = [(by, key) for (by, key), number in scan.items.items() if by != "one-stop" or number > bad.get(key, 0)]
    questions = [(by, key) for by, key in scan.refused if by in ("population", "payment")]
    return [letter for letter in (*items, *questions) if letter[1]]


def _is_buried(fact: Fact, letters: Sequence[tuple[str, str]]) -> bool:
    """Tell whether there is such a letter; the names of what a fact is about hold the dossier's code."""
    return any(by == fact.source and key in fact.about for by, key in letters)


def _undone(scan: Scan, done: Mapping[str, set[Id]]) -> int:
    """Count what groups have neither done nor buried."""
    return sum(len(ids - done[group] - scan.buried[group]) for group, ids in scan.subscribed.items())


def _open(entries: _Entries, scan: Scan, done: Mapping[str, set[Id]]) -> int:
    """Count the calls of which nobody knows whether they acted; but none that is counted as undone already."""
    return sum(
        name not in scan.subscribed.get(group, ()) or name in done[group] | scan.buried[group]
        for group, name in entries.open
    )


# -- what was done, and in which order ------------------------------------------------------------------


class _Entries:
    """The ledger, read once: events done by connector, calls whose outcome is open, and effects as they happened."""

    def __init__(self, ledger: Ledger) -> None:
        self.done: dict[str, set[Id]] = {}
        self.open: list[tuple[str, Id]] = []
        self._effects: list[tuple[int, Effect]] = []
        for entry in ledger.entries():
            name = entry.event_id.bytes
            if entry.state == DONE:
                self.done.setdefault(entry.connector, set()).add(name)
                key = entry.record_key.decode("utf-8", "replace")
                effect = Effect(entry.connector, key, Spot(entry.topic, entry.partition, entry.offset))
                self._effects.append((entry.ordinal or 0, effect))
            elif entry.state in (SENDING, AMBIGUOUS):
                self.open.append((entry.connector, name))

    def effects(self) -> Iterator[Effect]:
        """Yield all effects in the order in which each was first done."""
        for _, effect in sorted(self._effects):
            yield effect


def _effects(entries: _Entries, stores: Stores) -> Iterator[Effect]:
    yield from entries.effects()
    for agency in AGENCIES:
        for row in stores.handled(agency):
            yield Effect(agency, row.key, Spot(row.topic, row.partition, row.offset))


def out_of_order(effects: Iterable[Effect], redriven: set[Spot]) -> int:
    """Count the effects that come behind one of a later record of the same group, topic and key."""
    reached: dict[tuple[str, str, str], int] = {}
    falls = 0
    for group, key, spot in effects:
        if spot in redriven:
            continue
        lane = group, spot.topic, key
        falls += spot.offset < reached.get(lane, 0)
        reached[lane] = max(spot.offset, reached.get(lane, 0))
    return falls


def _share(scan: Scan, group: str, done: set[Id]) -> Share:
    buried = scan.buried[group] - done
    return Share(
        subscribed=len(scan.subscribed[group]), delivered=len(done), dead_lettered=len(buried),
        passed_over=scan.passed_over[group],
    )  # fmt: skip


# -- what was repeated ----------------------------------------------------------------------------------


def _deduplicated(stores: Stores) -> int:
    """Count the repeats of callbacks that were answered with success, and of calls that were to do something."""
    repeats = _repeats(stores.notices_answered())
    for partner, services in PARTNERS.items():
        calls = stores.calls(partner)
        repeats += _repeats((call.service, call.reference) for call in calls if call.service in services)
    return repeats


def _duplicates(stores: Stores) -> int:
    """Count the second effects of one operation: at partners, the charge of a payment among them, and at agencies."""
    at_partners = (
        _repeats((call.service, call.reference) for call in stores.calls(partner) if call.acted and call.reference)
        for partner in PARTNERS
    )
    return sum(at_partners) + sum(_repeats(stores.effects(agency)) for agency in AGENCIES)


def _repeats(names: Iterable[object]) -> int:
    return sum(times - 1 for times in Counter(names).values())
