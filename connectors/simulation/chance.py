"""What befalls whom: faults are drawn as a function of (seed, fault, subject), and none befalls anybody twice."""

from __future__ import annotations

from random import Random

from connectors.simulation.store import Store

LOST_SHARE = 0.05
"""How many answers are lost, of those that may be."""


def source(seed: int, what: str, subject: str) -> Random:
    """Return a source of chance of its own for this subject: the same whatever else happens, in any order."""
    return Random(f"{seed}:{what}:{subject}")  # noqa: S311 - invented data, which must come out the same again


def way_of_losing(seed: int, call: str, subject: str) -> str:
    """Return how the answer to a call is to be lost, ``truncated`` or ``silence``; empty if it is not.

    Nine of ten break off; after one of ten nothing comes for a while.
    """
    chance = source(seed, f"lost-answer:{call}", subject)
    if chance.random() >= LOST_SHARE:
        return ""
    return "silence" if chance.random() < 0.1 else "truncated"


def lost_answer(store: Store, seed: int, call: str, subject: str) -> str:
    """Return how the answer to a call that has acted is lost now. That it was lost is remembered: it is not again."""
    way = way_of_losing(seed, call, subject)
    return way if way and store.inject(f"lost-answer:{call}", subject) else ""
