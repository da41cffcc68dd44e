"""The runtime of a source: books that add up, one commit with the cursor, and nothing told twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event, Timer

import msgspec
import pytest

from bus.deadletters import read_letter
from bus.envelope import Envelope
from bus.errors import Claimed, CredentialsRefused, OutcomeUnknown, PartnerUnavailable, Unmappable
from bus.producer import Producer
from bus.retry import RetryPolicy
from bus.transport import Engine
from bus.transports import open_engine
from connectors.books import MAX_KINDS, Burial, Tally
from connectors.runtime import Run, run_source
from connectors.sdk import Batch, Fetched
from tests.bus.doubles import JsonWire
from tests.connectors.doubles import TOPIC, ListSource, an_event, make_topics, records

AT_ONCE = RetryPolicy(attempts=3, first_wait_s=0.001, max_wait_s=0.001)


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = open_engine("sqlite://")
    make_topics(opened)
    yield opened
    opened.close()


def run(engine: Engine, source: ListSource, **how: object) -> Tally:
    return run_source(engine, JsonWire(), source, Run(once=True, partner=AT_ONCE, log=AT_ONCE, **how))


def told(engine: Engine) -> str:
    return "".join(json.loads(record.value or b"")["n"] for record in records(engine))


def letters(engine: Engine) -> list[tuple[str, str, bytes | None]]:
    found = [read_letter(record) for record in records(engine, f"{TOPIC}.dead-letter")]
    return [(letter.origin, letter.stage, letter.record.value) for letter in found]


def test_everything_is_told_in_order(engine: Engine) -> None:
    books = run(engine, ListSource(["a", "bc", "d"]))
    assert (told(engine), books.counts()) == (
        "abcd", {"rows": 3, "published": 4, "deduplicated": 0, "dead_lettered": 0},
    )  # fmt: skip


def test_a_row_that_tells_nothing_counts_as_a_row(engine: Engine) -> None:
    assert run(engine, ListSource(["-", "a"])) == Tally(rows=2, published=1)


def test_bad_rows_are_buried_with_their_place_and_those_around_them_pass(engine: Engine) -> None:
    books = run(engine, ListSource(["a", "!", "?", "b"]))
    assert (told(engine), books.published, books.dead_lettered) == ("ab", 2, 2)
    assert letters(engine) == [("list row 2", "read", b"!"), ("list row 3", "map", b"?")]


def test_the_books_tell_each_kind_of_fault_once(engine: Engine) -> None:
    burials = run(engine, ListSource(["?", "!", "??", "?", "a"])).burials
    assert [(burial.stage, burial.place, burial.count) for burial in burials] == [
        ("map", "list row 1", 1), ("read", "list row 2", 1),
    ]  # fmt: skip


def test_a_row_whose_event_breaks_a_rule_is_buried_whole(engine: Engine) -> None:
    def no_b(event: Envelope) -> None:
        if event.payload["n"] == "b":
            raise Unmappable("b is not allowed")

    books = run(engine, ListSource(["ab", "c"]), check=no_b)
    assert (told(engine), books.dead_lettered, letters(engine)) == ("c", 1, [("list row 1", "rules", b"ab")])


def test_the_next_run_goes_on_behind_the_cursor(engine: Engine) -> None:
    source = ListSource(["a", "b"])
    run(engine, source)
    source.texts.append("c")
    assert (run(engine, source), told(engine)) == (Tally(rows=1, published=1), "abc")


def test_the_same_things_brought_again_are_told_once(engine: Engine) -> None:
    run(engine, ListSource(["a", "?"]))
    books = run(engine, ListSource(["-", "-", "a", "?", "b"]))
    assert (told(engine), books.counts()) == (
        "ab", {"rows": 3, "published": 1, "deduplicated": 2, "dead_lettered": 0},
    )  # fmt: skip


def test_what_was_sent_by_hand_is_not_told_again(engine: Engine) -> None:
    Producer(engine.log, JsonWire()).publish_new(an_event("b"))
    assert (run(engine, ListSource(["ab"])).deduplicated, told(engine)) == (1, "ba")


class ByHand(ListSource):
    """Somebody sends `b` by hand just after the runtime has looked it up, as its progress would be told."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(["ab"])
        self.log = engine.log
        self._seen, engine.log.seen = engine.log.seen, self._look  # type: ignore[method-assign]

    def _look(self, scope: str, ids: list[bytes]) -> frozenset[bytes]:
        found = self._seen(scope, ids)
        Producer(self.log, JsonWire()).publish_new(an_event("b"))
        return found


def test_what_is_sent_by_hand_meanwhile_is_not_told_again(engine: Engine) -> None:
    assert (run(engine, ByHand(engine)).deduplicated, told(engine)) == (1, "ba")


def test_a_partner_that_comes_back_is_asked_again_with_the_same_cursor(engine: Engine) -> None:
    source = ListSource(["a"], outages=[PartnerUnavailable("down"), PartnerUnavailable("down")])
    run(engine, source)
    assert (source.fetches, told(engine)) == ([None, None, None], "a")


def test_a_partner_that_stays_away_ends_a_single_run(engine: Engine) -> None:
    with pytest.raises(PartnerUnavailable):
        run(engine, ListSource(["a"], outages=[PartnerUnavailable("down")] * 9))


class StandingSource(ListSource):
    """Says that there is more, and never moves."""

    def fetch(self, cursor: bytes | None) -> Batch:
        """Return the first two texts, whatever was asked for."""
        return msgspec.structs.replace(super().fetch(None), cursor=b"here", more=True)


def test_a_cursor_that_stands_still_is_no_way_to_the_end(engine: Engine) -> None:
    with pytest.raises(PartnerUnavailable, match="the same cursor"):
        run(engine, StandingSource(["a", "b"]))
    assert len(records(engine)) == 2


def test_an_outage_does_not_end_a_run_that_watches(engine: Engine) -> None:
    source, stop = ListSource(["a"], outages=[PartnerUnavailable("down")] * 9), Event()
    how = Run(stop=stop, progress=lambda _books: stop.set(), partner=AT_ONCE)
    assert (run_source(engine, JsonWire(), source, how).published, told(engine)) == (1, "a")


def test_a_watching_run_ends_while_it_rests(engine: Engine) -> None:
    source, stop = ListSource(["a"]), Event()
    source.interval_s = 60.0
    Timer(0.05, stop.set).start()
    assert run_source(engine, JsonWire(), source, Run(stop=stop)).published == 1


def test_refused_credentials_stop_the_run_and_bury_nothing(engine: Engine) -> None:
    with pytest.raises(CredentialsRefused):
        run(engine, ListSource(["a"], outages=[CredentialsRefused("no")]))
    assert letters(engine) == []


def test_a_source_runs_once_at_a_time(engine: Engine) -> None:
    engine.claim("list")
    with pytest.raises(Claimed):
        run(engine, ListSource(["a"]))


def test_the_claim_is_given_back_after_a_failure(engine: Engine) -> None:
    with pytest.raises(CredentialsRefused):
        run(engine, ListSource(["a"], outages=[CredentialsRefused("no")]))
    engine.claim("list").release()


def test_a_commit_of_unknown_outcome_is_not_sent_again(engine: Engine) -> None:
    real, engine.log.commit = engine.log.commit, _written_but_unknown(engine)  # type: ignore[method-assign]
    with pytest.raises(OutcomeUnknown):
        run(engine, ListSource(["a", "b"]))
    engine.log.commit = real  # type: ignore[method-assign]
    run(engine, ListSource(["a", "b"]))
    assert told(engine) == "ab"


def _written_but_unknown(engine: Engine) -> object:
    real = engine.log.commit

    def commit(one: object) -> None:
        real(one)  # type: ignore[arg-type]
        raise OutcomeUnknown("the disk answered with an error")

    return commit


class Big(ListSource):
    """Tells events over a limit of a record: in the value, or in key and headers."""

    def map(self, item: Fetched) -> list[Envelope]:
        """Return one event."""
        key, size = ("k" * 70_000, 1) if item.value == "key" else ("H56", 1024 * 1024)
        return [msgspec.structs.replace(an_event("a"), key=key, payload={"n": "a" * size})]


@pytest.mark.parametrize("part", ["key", "value"])
def test_an_oversize_event_is_buried(engine: Engine, part: str) -> None:
    books = run(engine, Big([part]))
    assert (books.dead_lettered, letters(engine)) == (1, [("list row 1", "encode", part.encode())])


def test_the_books_hold_a_bounded_number_of_kinds() -> None:
    kinds = [Burial(code="LT-E2401", stage="read", place="p", message=str(n), hint="") for n in range(100)]
    books = Tally(burials=tuple(kinds)) + Tally()
    assert (len(books.burials), sum(burial.count for burial in books.burials)) == (MAX_KINDS + 1, 100)


def test_an_outage_is_told_of_at_its_first_failure_and_once(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    away = [PartnerUnavailable("the partner answers 503"), PartnerUnavailable("the partner answers 502")]
    run(engine, ListSource(["a"], outages=away))
    lines = [record for record in caplog.records if "trying again" in record.getMessage()]
    assert len(lines) == 1
