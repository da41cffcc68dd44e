"""The books can fail: each fault is done to a copy of what a demo keeps, and shows in exactly its own number."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bus.records import NewRecord
from bus.transport import Commit, TopicSpec
from bus.transports import open_engine
from connectors.demo.books import Books, Effect, answer, out_of_order
from connectors.demo.scan import Spot
from tests.connectors.demo.province import (
    AUDIT,
    LEDGER,
    LOG,
    ONE_STOP,
    PAYMENT,
    POLICE,
    POPULATION,
    POSTAL,
    books,
    catch_up,
    change,
    drop_record,
    replay,
    verdict,
)


def test_what_came_to_its_end_balances_in_every_group(data: Path) -> None:
    found = books(data)
    assert (verdict(found), found.balanced, found.dossiers) == ((0, 0, 0), True, 12)
    shares = found.groups.values()
    assert all(share.subscribed == share.delivered + share.dead_lettered > 0 for share in shares)
    assert found.delivered == sum(share.delivered for share in shares)


def test_the_answer_has_the_ten_numbers_and_the_groups(data: Path) -> None:
    told = answer(books(data))
    groups = told.pop("groups")
    assert sorted(groups) == ["audit", "insurance", "one-stop", "payment", "police", "population", "postal"]
    assert set(told) == {
        "dossiers", "published", "delivered", "deduplicated", "dead_lettered", "lost", "out_of_order",
        "duplicate_effects", "elapsed_s", "events_per_s",
    }  # fmt: skip
    assert all(type(value) in (int, float) for value in told.values())
    assert {tuple(one) for one in groups.values()} == {("subscribed", "delivered", "dead_lettered", "passed_over")}


def parts(found: Books) -> dict[str, tuple[int, int, int]]:
    return {name: (one.subscribed, one.delivered, one.dead_lettered) for name, one in found.groups.items()}


@pytest.mark.parametrize("into", ["replay.events", ""], ids=["everybody's topic", "the events' own topics"])
def test_a_replay_changes_no_number_and_who_passed_it_over_says_so(data: Path, into: str) -> None:
    before = books(data)
    replay(data, into)
    unread = books(data)
    catch_up(data)
    after = books(data)
    for found in (unread, after):
        assert (verdict(found), found.published, found.dead_lettered) == ((0, 0, 0), before.published, 2)
        assert parts(found) == parts(before)
    assert {one.passed_over for one in (*before.groups.values(), *unread.groups.values())} == {0}
    assert {name: one.passed_over for name, one in after.groups.items()} == {
        name: one.subscribed for name, one in before.groups.items()
    }


def test_a_replay_to_a_private_topic_is_nobodys(data: Path) -> None:
    before = books(data)
    with closing(open_engine(f"sqlite:///{data / LOG}")) as engine:
        engine.admin.create_topic(TopicSpec(name="replay.study", partitions=4))
    replay(data, "replay.study")
    catch_up(data)
    assert books(data) == before


def test_what_stands_unmarked_in_a_replays_topic_is_no_event(data: Path) -> None:
    before = books(data)
    with closing(open_engine(f"sqlite:///{data / LOG}")) as engine:
        engine.log.commit(Commit(appends=[NewRecord(topic="replay.events", key=b"k", value=b"x")]))
    catch_up(data)
    after = books(data)
    assert (verdict(after), after.published, after.groups["audit"].passed_over) == ((0, 0, 0), before.published, 1)


@pytest.mark.parametrize(
    ("event_type", "source"),
    [
        ("DossierSubmitted", "one-stop"), ("DossierStepDone", "one-stop"), ("CitizenLookupAnswered", "population"),
        ("PaymentConfirmed", "payment"), ("PostalStatusChanged", "postal"),
    ],
)  # fmt: skip
def test_a_record_that_is_gone_is_lost(data: Path, event_type: str, source: str) -> None:
    drop_record(data, event_type, source)
    assert verdict(books(data)) == (1, 0, 0)


@pytest.mark.parametrize("group", ["audit", "one-stop"])
def test_a_letter_that_is_gone_is_lost(data: Path, group: str) -> None:
    before = books(data).dead_lettered
    drop_record(data, group, "LT-E2301")
    found = books(data)
    assert (verdict(found), found.dead_lettered) == ((1, 0, 0), before - 1)


CALL_AGAIN = (
    "INSERT INTO calls (service, reference, asked, answered, acted) SELECT service, reference, asked, answered, "
)
ONE_MORE = {
    "fact": (ONE_STOP, "INSERT INTO facts VALUES ('000.00.04.H31-250626-0001', 'DossierPaused', '5', 1)"),
    "bad row": (ONE_STOP, "INSERT INTO bad_rows VALUES ('steps', 'x', '000.00.04.H31-250626-0001')"),
    "look": (POPULATION, "UPDATE looks SET request_number = 'XT-0' WHERE rowid = 1"),
    "payment": (PAYMENT, "UPDATE orders SET reference = 'R-0' WHERE rowid = (SELECT min(rowid) FROM orders)"),
    "notice": (PAYMENT, "INSERT INTO notices (reference, next_at, answered) VALUES ('R-0', 0, 1)"),
    "parcel": (POSTAL, "UPDATE events SET time = 'later' WHERE rowid = 1"),
}


@pytest.mark.parametrize("what", ONE_MORE)
def test_what_a_partner_knows_and_the_bus_does_not_is_lost(data: Path, what: str) -> None:
    change(data, *ONE_MORE[what])
    assert verdict(books(data)) == (1, 0, 0)


def test_dossiers_that_are_not_final_are_lost(data: Path) -> None:
    change(data, ONE_STOP, "UPDATE dossiers SET is_final = 0 WHERE number < 2")
    assert verdict(books(data)) == (2, 0, 0)


def test_a_dossier_that_never_came_in_is_lost(data: Path) -> None:
    mark = (data / "demo.json").read_text("utf-8")
    (data / "demo.json").write_text(mark.replace('"dossiers": 12', '"dossiers": 13'), "utf-8")
    assert verdict(books(data)) == (1, 0, 0)


@pytest.mark.parametrize("state", ["sending", "ambiguous"])
def test_a_call_that_is_left_open_is_lost_once(data: Path, state: str) -> None:
    change(data, LEDGER, f"UPDATE deliveries SET state = '{state}', ordinal = NULL WHERE number = 3")
    assert verdict(books(data)) == (1, 0, 0)


def test_an_event_that_an_agency_has_not_handled_is_lost(data: Path) -> None:
    change(data, POLICE, "DELETE FROM handled WHERE seq = (SELECT max(seq) FROM handled)")
    assert verdict(books(data)) == (1, 0, 0)


def test_an_effect_that_an_agency_has_twice_is_a_duplicate(data: Path) -> None:
    again = "SELECT ce_id, operation, reference, 'again', at FROM effects LIMIT 1"
    change(data, POLICE, f"INSERT INTO effects (ce_id, operation, reference, name, at) {again}")
    assert verdict(books(data)) == (0, 0, 1)


@pytest.mark.parametrize("file", [ONE_STOP, POPULATION, PAYMENT, POSTAL])
def test_a_call_that_acted_twice_is_a_duplicate(data: Path, file: str) -> None:
    change(data, file, f"{CALL_AGAIN} 1 FROM calls WHERE acted AND reference <> '' LIMIT 1")
    assert verdict(books(data)) == (0, 0, 1)


def test_a_payment_that_was_charged_twice_is_a_duplicate(data: Path) -> None:
    change(data, PAYMENT, f"{CALL_AGAIN} 1 FROM calls WHERE acted AND service = 'PAY' LIMIT 1")
    assert verdict(books(data)) == (0, 0, 1)


def test_a_call_that_came_again_and_did_not_act_is_deduplicated(data: Path) -> None:
    before = books(data).deduplicated
    change(data, POSTAL, f"{CALL_AGAIN} 0 FROM calls WHERE service = 'order' LIMIT 1")
    found = books(data)
    assert (verdict(found), found.deduplicated) == ((0, 0, 0), before + 1)


def test_a_notice_that_was_answered_again_is_deduplicated(data: Path) -> None:
    before = books(data).deduplicated
    again = "SELECT notice, reference, at, 200, code FROM sends WHERE status = 200 LIMIT 1"
    change(data, PAYMENT, f"INSERT INTO sends (notice, reference, at, status, code) {again}")
    found = books(data)
    assert (verdict(found), found.deduplicated) == ((0, 0, 0), before + 1)


def test_two_rows_of_one_dossier_that_swapped_places_are_out_of_order(data: Path) -> None:
    lane = "SELECT topic, key FROM handled GROUP BY topic, key HAVING count(*) > 1 LIMIT 1"
    rows = change(data, AUDIT, f"SELECT seq FROM handled WHERE (topic, key) = ({lane}) ORDER BY seq LIMIT 2")
    (first,), (second,) = rows
    swaps = ((first, -1), (second, first), (-1, second))
    change(data, AUDIT, *(f"UPDATE handled SET seq = {new} WHERE seq = {old}" for old, new in swaps))
    assert verdict(books(data)) == (0, 1, 0)


def test_two_deliveries_of_one_dossier_that_swapped_places_are_out_of_order(data: Path) -> None:
    lane = "connector, topic, record_key"
    busy = f"SELECT {lane} FROM deliveries WHERE state = 'done' GROUP BY {lane} HAVING count(*) > 1 LIMIT 1"
    rows = change(
        data, LEDGER, f"SELECT ordinal FROM deliveries WHERE ({lane}) = ({busy}) AND state = 'done' ORDER BY 1 LIMIT 2"
    )
    (first,), (second,) = rows
    swaps = ((first, -1), (second, first), (-1, second))
    change(data, LEDGER, *(f"UPDATE deliveries SET ordinal = {new} WHERE ordinal = {old}" for old, new in swaps))
    assert verdict(books(data)) == (0, 1, 0)


def test_a_letter_that_was_sent_back_may_come_late_and_nothing_else() -> None:
    early, late, back = (Spot("dossier.events", 0, offset) for offset in (3, 7, 9))
    effects = [Effect("post", "D-1", spot) for spot in (back, late, early)]
    assert (out_of_order(effects, {back}), out_of_order(effects, set())) == (1, 2)


def test_groups_topics_and_dossiers_have_an_order_of_their_own() -> None:
    effects = [
        Effect("post", "D-1", Spot("a", 0, 5)), Effect("post", "D-2", Spot("a", 0, 4)),
        Effect("audit", "D-1", Spot("a", 0, 3)), Effect("post", "D-1", Spot("b", 0, 2)),
    ]  # fmt: skip
    assert out_of_order(effects, set()) == 0
