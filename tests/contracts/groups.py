"""What every engine promises of consumer groups: one owner a partition, shares that even out, fencing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import final

import pytest

from bus.errors import Fenced, TopicNotFound, TransportError
from bus.records import TopicPartition
from bus.transport import Commit, ConsumerGroup, Engine, Moved
from tests.contracts.making import DOSSIERS, FIRST, a_topic, publish

CITIZENS = "citizen.events"


class GroupContract:
    """Members of one engine; those of several processes are tested apart."""

    @final
    def test_a_lone_member_holds_everything_from_the_first_offset(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1")
        held = engine.join("g", [DOSSIERS]).assignment()
        assert {partition: place.next for partition, place in held.items()} == dict.fromkeys(_all(4), 0)

    @final
    def test_a_group_of_an_unknown_topic_cannot_be_joined(self, engine: Engine) -> None:
        with pytest.raises(TopicNotFound):
            engine.join("g", [DOSSIERS])
        assert engine.admin.groups() == []

    @final
    def test_groups_do_not_know_each_other(self, engine: Engine) -> None:
        a_topic(engine)
        members = [engine.join(name, [DOSSIERS]) for name in ("g", "h")]
        assert [len(member.assignment()) for member in members] == [4, 4]

    @final
    @pytest.mark.parametrize(("members", "shares"), [(2, [2, 2]), (3, [1, 1, 2]), (5, [0, 1, 1, 1, 1])])
    def test_shares_even_out_and_every_partition_has_one_owner(
        self, engine: Engine, members: int, shares: list[int]
    ) -> None:
        a_topic(engine)
        joined = [engine.join("g", [DOSSIERS]) for _ in range(members)]
        settle(joined, shares)
        owned = [partition for member in joined for partition in member.assignment()]
        assert sorted(owned) == _all(4)

    @final
    def test_a_partition_that_changed_hands_goes_on_at_the_committed_offset(self, engine: Engine) -> None:
        a_topic(engine, partitions=1)
        publish(engine, b"1", b"2", b"3")
        first = engine.join("g", [DOSSIERS])
        _commit(engine, first, 2)
        second = engine.join("g", [DOSSIERS])
        first.leave()
        settle([second], [1])
        assert second.assignment()[FIRST].next == 2

    @final
    def test_who_has_left_is_fenced(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1")
        member = engine.join("g", [DOSSIERS])
        epoch = member.assignment()[FIRST].epoch
        member.leave()
        member.leave()
        with pytest.raises(Fenced):
            engine.log.commit(Commit(offsets=[Moved(group="g", partition=FIRST, next=1, epoch=epoch)]))
        with pytest.raises(TransportError):
            member.assignment()

    @final
    def test_the_older_owner_is_fenced_after_a_partition_changed_hands(self, engine: Engine) -> None:
        a_topic(engine)
        publish(engine, b"1", partition=0)
        first = engine.join("g", [DOSSIERS])
        old = first.assignment()
        second = engine.join("g", [DOSSIERS])
        settle([first, second], [2, 2])
        taken = next(iter(second.assignment()))
        with pytest.raises(Fenced):
            engine.log.commit(Commit(offsets=[Moved(group="g", partition=taken, next=0, epoch=old[taken].epoch)]))

    @final
    def test_nothing_changes_hands_until_its_owner_asks_for_its_assignment(self, engine: Engine) -> None:
        a_topic(engine)
        held = engine.join("g", [DOSSIERS]).assignment()
        second = engine.join("g", [DOSSIERS])
        for _ in range(3):
            assert second.assignment() == {}
            time.sleep(0.1)
        for partition, place in held.items():
            moved = Moved(group="g", partition=partition, next=0, epoch=place.epoch)
            engine.log.commit(Commit(offsets=[moved]))

    @final
    def test_members_may_ask_for_different_topics(self, engine: Engine) -> None:
        a_topic(engine)
        a_topic(engine, CITIZENS)
        both, one = engine.join("g", [DOSSIERS, CITIZENS]), engine.join("g", [DOSSIERS])
        settle([both, one], [4, 4])
        assert {partition.topic for partition in one.assignment()} == {DOSSIERS}

    @final
    def test_a_lease_that_stands_can_be_renewed(self, engine: Engine) -> None:
        a_topic(engine)
        member = engine.join("g", [DOSSIERS])
        before = member.assignment()
        member.renew()
        assert member.assignment() == before

    @final
    def test_states_tell_position_end_and_owner(self, engine: Engine) -> None:
        a_topic(engine, partitions=1)
        publish(engine, b"1", b"2", b"3")
        member = engine.join("g", [DOSSIERS])
        _commit(engine, member, 1)
        owned = engine.admin.groups()[0]
        member.leave()
        left = engine.admin.groups()[0]
        assert (owned.group, owned.partition, owned.next, owned.end, bool(owned.owner)) == ("g", FIRST, 1, 3, True)
        assert (left.next, left.owner) == (1, None)


def settle(members: Sequence[ConsumerGroup], shares: list[int], limit_s: float = 30.0) -> None:
    """Ask every member in turn, until they hold ``shares`` partitions."""
    until = time.monotonic() + limit_s
    while (now := sorted(len(member.assignment()) for member in members)) != sorted(shares):
        assert time.monotonic() < until, f"{now} instead of {shares}"
        time.sleep(0.02)


def _commit(engine: Engine, member: ConsumerGroup, position: int) -> None:
    epoch = member.assignment()[FIRST].epoch
    engine.log.commit(Commit(offsets=[Moved(group="g", partition=FIRST, next=position, epoch=epoch)]))


def _all(partitions: int) -> list[TopicPartition]:
    return [TopicPartition(DOSSIERS, number) for number in range(partitions)]
