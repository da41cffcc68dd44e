"""An event acts at its partner once, its reply is told once, and every failure does what its class says."""

from __future__ import annotations

from threading import Event

import pytest
from msgspec.structs import replace

from bus import replays
from bus.errors import (
    ConnectorError,
    CredentialsRefused,
    LedgerUnavailable,
    LeftAmbiguous,
    LienthongError,
    PartnerUnavailable,
    Rejected,
    RequestRefused,
    RuleBroken,
    StorageFull,
    Unreadable,
)
from bus.records import NewRecord, Record
from bus.redrive import letters, redrive
from bus.transport import Commit, Engine
from connectors.delivery import Deliver, subscription
from connectors.ledger import Ledger
from tests.bus.doubles import TOPIC, JsonWire, an_event, codes_of_letters, committed, publish, records
from tests.connectors.delivery_doubles import (
    ONCE,
    QUICK,
    FailingLedger,
    Till,
    attempt,
    deliver,
    entries,
    states,
    told,
)

LOST = PartnerUnavailable("no whole answer", may_have_acted=True)
AWAY = PartnerUnavailable("not there")


def redrive_all(engine: Engine) -> None:
    for standing in list(letters(engine, [f"{TOPIC}.dead-letter"])):
        redrive(engine, standing.letter)


def test_an_event_acts_and_its_reply_stands_in_the_log(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1), an_event(2))
    till = Till()
    assert deliver(engine, till, ledger) == {"delivered": 2}
    assert (till.effects, told(engine), states(ledger)) == (["1", "2"], ["paid 1", "paid 2"], ["done"] * 2)


def test_it_is_entered_before_the_call(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till, seen = Till(), []
    till.while_calling = lambda: seen.append(states(ledger))
    deliver(engine, till, ledger)
    assert seen == [["sending"]]


def test_an_event_that_asks_for_nothing_is_entered_as_done(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1, type="DossierPaused"))
    till = Till()
    assert deliver(engine, till, ledger) == {"nothing": 1}
    assert [(one.state, one.operation, one.attempts) for one in entries(ledger)] == [("done", "", 0)]
    assert (till.effects, told(engine)) == ([], [])


def test_its_own_events_and_other_types_are_passed_over(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1, source="till"), an_event(2, type="DossierRated"))
    assert deliver(engine, Till(), ledger) == {}
    assert (entries(ledger), committed(engine, "till")) == ([], 2)


def test_an_event_that_is_told_again_acts_once_and_is_answered_once(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1), an_event(1))
    till = Till()
    assert deliver(engine, till, ledger) == {"delivered": 1, "known": 1}
    assert (till.effects, told(engine)) == (["1"], ["paid 1"])


def test_a_lost_answer_is_found_by_asking(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(after=[LOST])
    assert deliver(engine, till, ledger) == {"settled": 1}
    assert (till.effects, till.asked, told(engine)) == (["1"], 1, ["paid 1"])


def test_a_call_that_broke_off_before_it_acted_is_made_again_after_asking(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(before=[LOST])
    assert deliver(engine, till, ledger) == {"delivered": 1}
    assert (till.effects, till.asked, [one.attempts for one in entries(ledger)]) == (["1"], 1, [2])


def test_what_may_be_repeated_is_not_asked_about(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1, type="FeeAsked"))
    till = Till(after=[LOST])
    deliver(engine, till, ledger)
    assert (till.effects, till.asked, told(engine)) == (["1"], 0, ["paid 1"])


def test_a_call_that_never_reached_the_partner_is_made_again_without_asking(engine: Engine, ledger: Ledger) -> None:
    """Also where the partner could not tell."""
    publish(engine, an_event(1))
    till = Till(before=[AWAY, AWAY])
    till.unsettled = LeftAmbiguous("who knows?")
    assert deliver(engine, till, ledger) == {"delivered": 1}
    assert (till.effects, till.asked) == (["1"], 0)


def test_an_outage_ends_the_loop_and_neither_buries_nor_skips(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1), an_event(2), an_event(3))
    till = Till(before=[None, AWAY, AWAY, AWAY])
    with pytest.raises(PartnerUnavailable):
        deliver(engine, till, ledger)
    assert (codes_of_letters(engine), committed(engine, "till"), told(engine)) == ([], 1, ["paid 1"])
    deliver(engine, till, ledger)
    assert till.effects == ["1", "2", "3"]


@pytest.mark.parametrize("error", [CredentialsRefused("who?"), RequestRefused("no", 400)])
def test_a_refusal_of_us_stops_the_connector_and_leaves_nothing_to_ask(
    engine: Engine, ledger: Ledger, error: LienthongError
) -> None:
    publish(engine, an_event(1))
    till = Till(before=[error])
    with pytest.raises(type(error)):
        deliver(engine, till, ledger)
    assert (codes_of_letters(engine), committed_or_none(engine)) == ([], None)
    deliver(engine, till, ledger)
    assert (till.effects, till.asked) == (["1"], 0)


def test_a_fault_of_ours_in_a_call_stops_the_connector_and_is_settled_later(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(after=[ConnectorError("the answer is too long")])
    with pytest.raises(ConnectorError):
        deliver(engine, till, ledger)
    assert deliver(engine, till, ledger) == {"settled": 1}
    assert till.effects == ["1"]


def test_what_the_partner_refuses_is_buried_and_those_around_it_go_on(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1), an_event(2))
    till = Till(before=[Rejected("not for sale")])
    assert deliver(engine, till, ledger) == {"refused": 1, "delivered": 1}
    assert (codes_of_letters(engine), states(ledger), till.effects) == (["LT-E2404"], ["refused", "done"], ["2"])


def test_a_redriven_letter_of_what_was_refused_is_called_again(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(before=[Rejected("not for sale")])
    deliver(engine, till, ledger)
    redrive_all(engine)
    assert deliver(engine, till, ledger) == {"delivered": 1}
    [found] = entries(ledger)
    assert (found.state, found.attempts, found.offset, till.effects) == ("done", 2, 1, ["1"])


def test_what_nobody_can_tell_is_buried_for_a_person(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(after=[LOST])
    till.unsettled = LeftAmbiguous("who knows?")
    assert deliver(engine, till, ledger) == {"ambiguous": 1}
    assert (codes_of_letters(engine), states(ledger), told(engine)) == (["LT-E2405"], ["ambiguous"], [])


def test_a_person_who_redrives_it_has_it_called_again(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(before=[LOST])
    till.unsettled = LeftAmbiguous("who knows?")
    deliver(engine, till, ledger)
    redrive_all(engine)
    assert deliver(engine, till, ledger) == {"delivered": 1}
    assert (till.effects, till.asked, states(ledger)) == (["1"], 1, ["done"])


def test_what_cannot_be_read_when_asked_is_left_to_a_person_too(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(after=[LOST])
    till.unsettled = Unreadable("what is this?")
    deliver(engine, till, ledger)
    assert (codes_of_letters(engine), states(ledger)) == (["LT-E2401"], ["ambiguous"])


def test_a_reply_that_breaks_a_rule_buries_its_command_which_has_acted(engine: Engine, ledger: Ledger) -> None:
    def refuse(_: object) -> None:
        raise RuleBroken("answer", "R", "is none")

    publish(engine, an_event(1))
    till = Till()
    deliver(engine, till, ledger, replace(ONCE, check=refuse))
    assert (codes_of_letters(engine), states(ledger), told(engine)) == (["LT-E2403"], ["done"], [])
    redrive_all(engine)
    deliver(engine, till, ledger)
    assert (till.effects, told(engine)) == (["1"], ["paid 1"])


def test_a_reply_that_no_engine_takes_buries_its_command(engine: Engine, ledger: Ledger) -> None:
    class Talkative(Till):
        def reply(self, event, answer):  # type: ignore[no-untyped-def]
            return [replace(one, payload={"answer": "x" * 2_000_000}) for one in super().reply(event, answer)]

    publish(engine, an_event(1))
    deliver(engine, Talkative(), ledger)
    assert codes_of_letters(engine) == ["LT-E2001"]


@pytest.mark.parametrize("reference", ["", "x" * 256, "a\x00b"])
def test_a_reference_that_no_ledger_holds_buries_its_event(engine: Engine, ledger: Ledger, reference: str) -> None:
    publish(engine, an_event(1, payload={"n": reference}))
    till = Till()
    deliver(engine, till, ledger)
    assert (codes_of_letters(engine), till.effects, entries(ledger)) == (["LT-E2001"], [], [])


@pytest.mark.parametrize("error", [StorageFull("no room"), LedgerUnavailable("locked")])
def test_nothing_is_called_while_the_ledger_takes_no_entry(
    engine: Engine, ledger: Ledger, error: LienthongError
) -> None:
    publish(engine, an_event(1))
    till = Till()
    with pytest.raises(type(error)):
        deliver(engine, till, FailingLedger(ledger, begin=[error] * 3))
    assert (till.effects, codes_of_letters(engine)) == ([], [])


@pytest.mark.parametrize("error", [StorageFull("no room"), LedgerUnavailable("locked")])
def test_an_answer_is_kept_at_hand_until_the_ledger_takes_it(
    engine: Engine, ledger: Ledger, error: LienthongError
) -> None:
    """Even where the partner could not tell it again."""
    publish(engine, an_event(1), an_event(2))
    till = Till()
    till.unsettled = LeftAmbiguous("who knows?")
    assert deliver(engine, till, FailingLedger(ledger, finish=[error, error])) == {"delivered": 2}
    assert (till.effects, till.asked, told(engine)) == (["1", "2"], 0, ["paid 1", "paid 2"])


def test_a_run_that_is_to_stop_does_not_wait_for_the_partner(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till, stop = Till(after=[LOST]), Event()
    till.settles_after_s = 100.0
    till.while_calling = stop.set
    deliver(engine, till, ledger, Deliver(stop=stop))
    assert (till.asked, states(ledger), codes_of_letters(engine)) == (0, ["sending"], [])


def test_a_run_of_once_ends_at_what_was_there_at_its_start(engine: Engine, ledger: Ledger) -> None:
    """Its own replies come behind, and would keep it busy for ever if it accepted them."""
    publish(engine, an_event(1))
    till = Till()
    till.not_from = frozenset()
    till.while_calling = lambda: publish(engine, an_event(len(till.effects) + 2))
    deliver(engine, till, ledger)
    assert till.effects == ["1"]


def test_progress_hears_the_counts_so_far(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1), an_event(2))
    heard: list[dict[str, int]] = []
    how = Deliver(once=True, partner=QUICK, progress=lambda counts: heard.append(dict(counts)))
    deliver(engine, Till(), ledger, how)
    assert heard == [{"delivered": 1}, {"delivered": 2}]


def replay(engine: Engine, n: int, run: bytes, origin: str = TOPIC) -> None:
    """Append a copy of event ``n`` to where every sink reads replays, as if it had stood on ``origin``."""
    new = JsonWire().encode(an_event(n))
    at = Record(topic=origin, partition=0, offset=n, timestamp=0, key=new.key, value=new.value, headers=new.headers)
    headers = (*new.headers, *replays.marks(run, b"2026-11-24T05:00:00.000Z", at))
    copy = NewRecord(topic=replays.TOPIC, key=new.key, value=new.value, headers=headers)
    engine.log.commit(Commit(appends=[copy]))


def test_replayed_events_are_passed_over_and_counted(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1), an_event(2, extra=((replays.RUN, b"run-1"),)))
    replay(engine, 1, b"run-1")
    replay(engine, 1, b"run-1", "payment.events")
    till, heard = Till(), list[int]()
    counts = deliver(engine, till, ledger, replace(ONCE, passed_over=heard.append))
    assert (counts, till.effects, len(entries(ledger)), heard) == ({"delivered": 1, "passed_over": 2}, ["1"], 1, [1, 1])


def test_a_sink_that_accepts_replays_acts_once_more_for_each_run(engine: Engine, ledger: Ledger) -> None:
    class Willing(Till):
        accepts_replays = True

    publish(engine, an_event(1))
    for run in (b"run-1", b"run-1", b"run-2"):
        replay(engine, 1, run)
    till = Willing()
    assert deliver(engine, till, ledger) == {"delivered": 3, "known": 1}
    assert (till.effects, len({one.key for one in entries(ledger)})) == (["1"] * 3, 3)


def test_a_sink_reads_its_topics_and_the_one_for_replays_once() -> None:
    both, plain = Till(), Till()
    both.topics = (replays.TOPIC, TOPIC)  # type: ignore[assignment]
    assert (subscription(both).topics, subscription(plain).topics) == ((replays.TOPIC, TOPIC), (TOPIC, replays.TOPIC))


def test_a_takeover_waits_until_the_partner_cannot_be_at_work_any_more(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    till = Till(after=[LOST])
    till.settles_after_s = 100.0
    for _ in range(2):  # the call breaks off; then another member takes over
        with pytest.raises(PartnerUnavailable) as early:
            attempt(till, ledger, engine)
        assert early.value.wait_s is not None
        assert 90 < early.value.wait_s <= 100
    assert (till.effects, till.asked) == (["1"], 0)


def test_a_clock_that_went_back_does_not_make_anybody_wait_for_years(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    ledger._clock = lambda: 4_000_000_000_000
    till = Till(after=[LOST])
    with pytest.raises(PartnerUnavailable):
        attempt(till, ledger, engine)
    till.settles_after_s = 0.01
    with pytest.raises(PartnerUnavailable) as early:
        attempt(till, ledger, engine)
    assert early.value.wait_s is not None
    assert early.value.wait_s <= 0.01
    assert deliver(engine, till, ledger) == {"settled": 1}


def committed_or_none(engine: Engine) -> int | None:
    found = [state.next for state in engine.admin.groups() if state.group == "till"]
    return found[0] if found and found[0] else None


def test_the_reply_is_the_one_that_its_event_caused(engine: Engine, ledger: Ledger) -> None:
    publish(engine, an_event(1))
    deliver(engine, Till(), ledger)
    assert records(engine)[1].header("ce_causationid") == str(an_event(1).id).encode()
