"""A forked child must not touch its parent's connections, nor keep its parent's locks alive."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Held(Protocol):
    """Something that holds kernel locks and sockets."""

    def inherit(self) -> None:
        """Close them in the child."""
        ...


_stores: WeakSet[Held] = WeakSet()
_inherited: list[Held] = []
"""Kept for ever in the child: SQLite's own clean-up would drop locks that the parent relies on."""


def guard(store: Held) -> None:
    """Look after ``store`` when this process forks."""
    _stores.add(store)


def _after_fork() -> None:
    for store in list(_stores):
        _inherited.append(store)
        store.inherit()
    _stores.clear()


os.register_at_fork(after_in_child=_after_fork)
