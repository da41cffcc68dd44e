"""The port to where a replay's records go. ``tests/contracts/target.py`` checks every promise made here.

Who runs a replay keeps a bookmark in the log, and moves it with what :meth:`Target.settle` returned: that is the moment
at which records count as given. After a crash the last bookmark is handed to :meth:`Target.begin`, and the records
behind it come again, the very same in the very same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from bus.records import NewRecord, Record


class Room(Struct, frozen=True):
    """The most that is taken before it is settled: records, and bytes of their keys and values."""

    records: int
    bytes: int


class Settled(Struct, frozen=True, kw_only=True):
    """What the bookmark's commit holds besides: ``mark`` goes with the bookmark, ``appends`` are written in it."""

    mark: bytes = b""
    appends: Sequence[NewRecord] = ()


class RunFacts(Struct, frozen=True, kw_only=True):
    """What a target is told of its run: the id, the plan's digest, when the run began (RFC 3339, UTC), how many
    records there are, and the texts of the schemas that they were written with, by id.
    """

    run: str
    digest: str
    began: str
    records: int
    schemas: dict[int, str]


class Target(Protocol):
    """Takes the records of one run, in order. Belongs to one thread.

    * records come as they stand in history (their topic, partition, offset and timestamp are the origin's), masked,
      without marks; the target carries the marks of :mod:`bus.replays` with each;
    * what was settled, and whose mark was kept, is there once and stays, whatever is killed;
    * what was taken and not settled, or settled without its mark being kept, is there once after it was taken again;
    * nobody can take what is there for a whole replay before :meth:`finish`.
    """

    @property
    def room(self) -> Room:
        """How much to take before settling. Never changes."""
        ...

    def begin(self, facts: RunFacts, mark: bytes | None) -> None:
        """Make ready to take what comes behind ``mark``; None where nothing was ever settled. Called once, first.

        Raises :class:`~bus.errors.TargetDiffers` where the target is not as the mark says, and
        :class:`~bus.errors.TargetRefused` where it does not want replays.
        """
        ...

    def take(self, records: Sequence[Record]) -> None:
        """Take records, at least one. Raises what makes the run stop: it can be run again."""
        ...

    def settle(self) -> Settled:
        """Make all that was taken safe, and return what the bookmark's commit has to hold."""
        ...

    def finish(self) -> None:
        """Make the whole visible: all is settled, nothing more comes. May be repeated, also by another process."""
        ...

    def close(self) -> None:
        """Let everything go, at whatever point. May be repeated."""
        ...
