"""How a group's partitions are shared among its members: a pure decision that all of them reach alike."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import NamedTuple


class Shares(NamedTuple):
    """What one member does next; what it wants but another still holds must wait until that one gives it up."""

    take: frozenset[int]
    give: frozenset[int]


def share(partitions: Mapping[int, str], members: Mapping[str, Set[str]], owners: Mapping[int, str]) -> dict[int, str]:
    """Return each partition's rightful member: who has it keeps it, unless another has two fewer.

    ``partitions`` maps a partition to its topic, ``members`` a living member to the topics it asked for, and
    ``owners`` a partition to the member that holds it. Every partition that any member asked for has a member.

    >>> share({1: "t", 2: "t", 3: "t"}, {"a": {"t"}, "b": {"t"}}, {1: "a", 2: "a", 3: "a"})
    {1: 'b', 2: 'a', 3: 'a'}
    """
    eligible = {part: sorted(m for m in members if topic in members[m]) for part, topic in partitions.items()}
    load = dict.fromkeys(sorted(members), 0)
    rightful: dict[int, str] = {}
    for part, able in eligible.items():
        if owners.get(part) in able:
            rightful[part] = owners[part]
            load[owners[part]] += 1
    for part, able in eligible.items():
        if able and part not in rightful:
            rightful[part] = min(able, key=lambda member: load[member])
            load[rightful[part]] += 1
    while _level(rightful, eligible, load):
        pass
    return rightful


def shares(member: str, rightful: Mapping[int, str], owners: Mapping[int, str]) -> Shares:
    """Return what ``member`` may take now, and what it has to give."""
    mine = {part for part, owner in rightful.items() if owner == member}
    held = {part for part, owner in owners.items() if owner == member}
    return Shares(take=frozenset(mine - owners.keys()), give=frozenset(held - mine))


def _level(rightful: dict[int, str], eligible: Mapping[int, list[str]], load: dict[str, int]) -> bool:
    """Move one partition to a member with at least two fewer; say whether one was found."""
    for part, owner in rightful.items():
        other = min(eligible[part], key=lambda member: load[member])
        if load[owner] - load[other] > 1:
            rightful[part] = other
            load[owner] -= 1
            load[other] += 1
            return True
    return False
