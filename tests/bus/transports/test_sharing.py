"""How partitions are shared: whole, even, and with as little change as can be."""

from __future__ import annotations

import doctest

from hypothesis import given
from hypothesis import strategies as st

from bus.transports.sqlite import sharing
from bus.transports.sqlite.sharing import share, shares

MEMBERS = ["a", "b", "c", "d", "e"]
groups = st.dictionaries(st.sampled_from(MEMBERS), st.just(frozenset({"t"})), min_size=1)
owners = st.dictionaries(st.integers(1, 30), st.sampled_from(MEMBERS))


@given(st.integers(0, 30), groups, owners)
def test_every_partition_has_a_member_and_none_has_two_more_than_another(
    partitions: int, members: dict[str, frozenset[str]], held: dict[int, str]
) -> None:
    rightful = share(dict.fromkeys(range(1, partitions + 1), "t"), members, held)
    loads = [list(rightful.values()).count(member) for member in members]
    assert len(rightful) == partitions
    assert max(loads) - min(loads) <= 1


@given(st.integers(0, 30), groups, owners)
def test_giving_and_taking_in_turn_comes_to_rest(
    partitions: int, members: dict[str, frozenset[str]], held: dict[int, str]
) -> None:
    topics = dict.fromkeys(range(1, partitions + 1), "t")
    now = {part: owner for part, owner in held.items() if owner in members and part in topics}
    for _ in range(2):
        for member in members:
            move = shares(member, share(topics, members, now), now)
            now = {part: owner for part, owner in now.items() if part not in move.give}
            now |= dict.fromkeys(move.take, member)
    assert now == share(topics, members, now)
    assert set(now) == set(topics)


@given(st.data())
def test_who_asked_for_a_topic_alone_gets_all_of_it(data: st.DataObject) -> None:
    topics = {part: data.draw(st.sampled_from(["s", "t"])) for part in range(1, 9)}
    rightful = share(topics, {"a": {"s"}, "b": {"t"}}, {})
    assert rightful == {part: "a" if topic == "s" else "b" for part, topic in topics.items()}


def test_its_examples_are_right() -> None:
    assert doctest.testmod(sharing).failed == 0
