"""What the delivery ledger promises on every database: subclass :class:`LedgerContract` and give it ``open_ledger``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, final

import pytest

from bus.errors import Fenced
from bus.records import Record
from connectors.attempts import idempotency_key
from connectors.ledger import Entry, Ledger
from connectors.sdk import Delivery, Operation
from tests.bus.doubles import an_event

OpenLedger = Callable[[], Ledger]


def a_delivery(n: int = 1, *, name: str = "order", reference: str = "") -> Delivery:
    """Return the delivery of event number ``n``."""
    event, operation = an_event(n), Operation(name, reference or f"R{n}", b"asked")
    return Delivery(event=event, operation=operation, key=idempotency_key("post", name, event.id))


def a_record(offset: int = 1, **changes: Any) -> Record:
    """Return the record at an offset."""
    facts = {"topic": "postal.events", "partition": 2, "timestamp": 0, "key": b"H56", "value": b"", **changes}
    return Record(offset=offset, **facts)


def begin(ledger: Ledger, delivery: Delivery, offset: int = 1, connector: str = "post") -> Entry | None:
    """Begin a delivery for the record at an offset."""
    return ledger.begin(delivery, a_record(offset), connector)


def do(ledger: Ledger, delivery: Delivery, connector: str = "post") -> None:
    """Begin and finish a delivery."""
    begin(ledger, delivery, connector=connector)
    ledger.finish(delivery.key, b"done")


def entry(ledger: Ledger, n: int = 1, name: str = "order") -> Entry:
    """Return the entry of event number ``n``."""
    found = ledger.find("post", name, f"R{n}")
    assert found is not None
    return found


class LedgerContract:
    """Each test is a promise; ``open_ledger`` opens the same ledger, empty at first, as often as it is called."""

    @pytest.fixture
    def ledger(self, open_ledger: OpenLedger) -> Iterator[Ledger]:
        """The ledger, open."""
        opened = open_ledger()
        yield opened
        opened.close()

    @final
    def test_a_first_beginning_is_entered_as_sending(self, ledger: Ledger) -> None:
        assert begin(ledger, a_delivery()) is None
        found = entry(ledger)
        assert (found.state, found.attempts, found.asked, found.answer) == ("sending", 1, b"asked", b"")
        assert (found.topic, found.partition, found.offset, found.record_key) == ("postal.events", 2, 1, b"H56")
        assert (found.event_id, found.key) == (a_delivery().event.id, a_delivery().key)
        assert (found.ended_at, found.ordinal, found.may_have_acted) == (None, None, True)

    @final
    def test_a_second_beginning_gives_the_earlier_entry_and_changes_nothing(self, ledger: Ledger) -> None:
        begin(ledger, a_delivery())
        before = entry(ledger)
        assert begin(ledger, a_delivery(), 9) == before
        assert entry(ledger) == before

    @final
    def test_what_is_finished_is_done_with_its_answer(self, ledger: Ledger) -> None:
        begin(ledger, a_delivery())
        assert ledger.finish(a_delivery().key, b"number 7") == b"number 7"
        found = entry(ledger)
        assert (found.state, found.answer, found.ordinal) == ("done", b"number 7", 1)
        assert found.ended_at is not None
        assert found.ended_at >= found.begun_at

    @final
    def test_the_first_answer_stands(self, ledger: Ledger) -> None:
        begin(ledger, a_delivery())
        ledger.finish(a_delivery().key, b"first")
        before = entry(ledger)
        assert ledger.finish(a_delivery().key, b"second") == b"first"
        assert entry(ledger) == before

    @final
    def test_nothing_undoes_what_is_done(self, ledger: Ledger) -> None:
        do(ledger, a_delivery())
        before = entry(ledger)
        for end in (ledger.refuse, ledger.park, ledger.forget):
            end(before.key, before.attempts)
        with pytest.raises(Fenced):
            ledger.repeat(a_delivery(), a_record(), before_it_was_done(before))
        assert entry(ledger) == before

    @final
    @pytest.mark.parametrize(("ending", "state"), [("refuse", "refused"), ("park", "ambiguous"), ("forget", "sending")])
    def test_a_call_ends_as_told(self, ledger: Ledger, ending: str, state: str) -> None:
        begin(ledger, a_delivery())
        getattr(ledger, ending)(a_delivery().key)
        found = entry(ledger)
        assert (found.state, found.may_have_acted, found.ended_at is None) == (state, False, False)

    @final
    def test_a_repeated_call_is_counted_and_stands_at_its_own_record(self, ledger: Ledger) -> None:
        begin(ledger, a_delivery())
        ledger.refuse(a_delivery().key)
        ledger.repeat(a_delivery(), a_record(8), entry(ledger))
        found = entry(ledger)
        assert (found.state, found.attempts, found.offset, found.ended_at) == ("sending", 2, 8, None)

    @final
    def test_of_two_who_repeat_one_is_fenced(self, ledger: Ledger, open_ledger: OpenLedger) -> None:
        begin(ledger, a_delivery())
        seen = entry(ledger)
        other = open_ledger()
        other.repeat(a_delivery(), a_record(), seen)
        other.close()
        with pytest.raises(Fenced):
            ledger.repeat(a_delivery(), a_record(), seen)
        assert entry(ledger).attempts == 2

    @final
    @pytest.mark.parametrize("ending", ["refuse", "park", "forget"])
    def test_an_owner_that_was_overtaken_is_not_heard(self, ledger: Ledger, ending: str) -> None:
        begin(ledger, a_delivery())
        ledger.repeat(a_delivery(), a_record(), entry(ledger))
        before = entry(ledger)
        getattr(ledger, ending)(before.key, 1)
        assert entry(ledger) == before

    @final
    def test_an_owner_that_was_overtaken_is_heard_when_its_call_has_acted(self, ledger: Ledger) -> None:
        begin(ledger, a_delivery())
        ledger.repeat(a_delivery(), a_record(), entry(ledger))
        ledger.finish(a_delivery().key, b"it had")
        assert (entry(ledger).state, entry(ledger).answer) == ("done", b"it had")

    @final
    def test_ordinals_tell_the_order_in_which_things_were_done(self, ledger: Ledger) -> None:
        for n in (1, 2, 3):
            begin(ledger, a_delivery(n))
        for n in (2, 3, 1):
            ledger.finish(a_delivery(n).key, b"")
        assert [entry(ledger, n).ordinal for n in (2, 3, 1)] == [1, 2, 3]

    @final
    def test_an_event_that_asks_for_nothing_is_entered_as_done(self, ledger: Ledger) -> None:
        nothing = Delivery(event=an_event(1), operation=Operation("", ""), key="0" * 64)
        ledger.pass_over(nothing, a_record(), "post")
        ledger.pass_over(nothing, a_record(), "post")
        [found] = ledger.entries()
        assert (found.state, found.operation, found.attempts, found.ordinal) == ("done", "", 0, 1)

    @final
    def test_the_newest_entry_of_a_reference_is_found(self, ledger: Ledger) -> None:
        for n in (1, 2, 3):
            do(ledger, a_delivery(n, reference="R1"))
        assert entry(ledger).event_id == an_event(3).id
        assert ledger.find("post", "order", "R9") is None
        assert ledger.find("other", "order", "R1") is None

    @final
    def test_a_refused_entry_can_be_passed_over(self, ledger: Ledger) -> None:
        """A second order under a reference, which the partner refused, does not hide the first."""
        do(ledger, a_delivery(1, reference="R1"))
        begin(ledger, a_delivery(2, reference="R1"))
        ledger.refuse(a_delivery(2, reference="R1").key)
        found = ledger.find("post", "order", "R1", but="refused")
        assert (entry(ledger).state, found and found.state) == ("refused", "done")

    @final
    def test_entries_come_in_the_order_in_which_they_were_entered(self, ledger: Ledger) -> None:
        for n in range(5):
            begin(ledger, a_delivery(n), connector="post" if n % 2 else "bank")
        assert [one.event_id for one in ledger.entries()] == [an_event(n).id for n in range(5)]
        assert [one.event_id for one in ledger.entries("post")] == [an_event(n).id for n in (1, 3)]

    @final
    def test_there_may_be_more_entries_than_a_page(self, ledger: Ledger) -> None:
        for n in range(501):
            begin(ledger, a_delivery(n))
        assert len({one.key for one in ledger.entries()}) == 501

    @final
    def test_what_is_not_answered_is_waited_for_oldest_first(self, ledger: Ledger) -> None:
        for n in (1, 2, 3, 4):
            do(ledger, a_delivery(n, name="init"))
        begin(ledger, a_delivery(5, name="init"))
        do(ledger, a_delivery(12, name="query", reference="R2"))
        begin(ledger, a_delivery(13, name="query", reference="R3"))
        waiting = ledger.waiting("post", "init", "query", before=LATER, limit=10)
        assert [one.reference for one in waiting] == ["R1", "R3", "R4"]
        assert len(ledger.waiting("post", "init", "query", before=LATER, limit=2)) == 2
        assert ledger.waiting("bank", "init", "query", before=LATER, limit=10) == []

    @final
    def test_what_has_just_begun_is_not_waited_for_yet(self, ledger: Ledger) -> None:
        do(ledger, a_delivery(1, name="init"))
        assert ledger.waiting("post", "init", "query", before=entry(ledger, name="init").begun_at, limit=10) == []

    @final
    def test_what_is_written_is_there_for_others_and_for_ever(self, ledger: Ledger, open_ledger: OpenLedger) -> None:
        do(ledger, a_delivery())
        other = open_ledger()
        assert list(other.entries()) == list(ledger.entries())
        other.close()

    @final
    def test_threads_share_a_ledger_and_each_key_begins_once(self, ledger: Ledger) -> None:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda n: begin(ledger, a_delivery(n % 20)), range(80)))
            list(pool.map(lambda n: ledger.finish(a_delivery(n).key, b""), range(20)))
        assert len([one for one in found if one is None]) == 20
        assert sorted(one.ordinal or 0 for one in ledger.entries()) == list(range(1, 21))

    @final
    def test_closing_may_be_repeated(self, open_ledger: OpenLedger) -> None:
        opened = open_ledger()
        begin(opened, a_delivery())
        opened.close()
        opened.close()


LATER = 4_000_000_000_000


def before_it_was_done(found: Entry) -> Entry:
    """Return an entry as somebody had read it before it was done."""
    facts = {name: getattr(found, name) for name in Entry.__struct_fields__}
    return Entry(**{**facts, "state": "sending", "ordinal": None})
