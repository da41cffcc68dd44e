"""The target that is a topic of the log, ``replay.…``: records and bookmark are one commit, so each is there once."""

from __future__ import annotations

from collections.abc import Sequence

from bus.errors import TargetRefused, TopicNotFound
from bus.records import NewRecord, Record
from bus.replays import MARKS, PREFIX, TOPIC, is_replay_topic, marks
from bus.transport import Transport
from replay.runs.target import Room, RunFacts, Settled

ROOM = Room(records=1000, bytes=4 * 1024 * 1024)


class Topic:
    """Implements :class:`~replay.runs.target.Target` as a topic of the log. A record's key decides its partition."""

    def __init__(self, log: Transport, name: str) -> None:
        self._log, self._name = log, name
        self._taken: list[NewRecord] = []
        self._partitions = 0
        self._run = self._began = b""

    @property
    def room(self) -> Room:
        """As the port says: what one commit takes."""
        return ROOM

    def begin(self, facts: RunFacts, mark: bytes | None) -> None:
        """Look whether the topic is one for replays, and stands; what was not committed is not there to be undone."""
        if not is_replay_topic(self._name):
            raise TargetRefused(
                f"a replay never writes to `{self._name}`: it holds what happens now, or happened",
                hint=f"Plan anew with `--target {PREFIX}NAME`.",
            )
        self._run, self._began = facts.run.encode(), facts.began.encode()
        try:
            self._partitions = len(self._log.ends(self._name))
        except TopicNotFound as error:
            raise TopicNotFound(f"there is no topic `{self._name}`", hint=how_to_make(self._name)) from error

    def take(self, records: Sequence[Record]) -> None:
        """Keep records for the next commit."""
        self._taken += [self._new(record) for record in records]

    def settle(self) -> Settled:
        """Return all that was taken, to be appended by the bookmark's commit."""
        appends, self._taken = self._taken, []
        return Settled(appends=appends)

    def finish(self) -> None:
        """Do nothing: a topic has no end, and the run's own event says when the run is whole."""

    def close(self) -> None:
        """Forget what was taken."""
        self._taken = []

    def _new(self, record: Record) -> NewRecord:
        kept = tuple(header for header in record.headers if header[0] not in MARKS)
        return NewRecord(
            topic=self._name, key=record.key, value=record.value,
            headers=kept + marks(self._run, self._began, record),
            # Without a key, what stood in one partition stays together.
            partition=record.partition % self._partitions if record.key is None else None,
        )  # fmt: skip


def how_to_make(name: str) -> str:
    """Return the words for who misses a topic of replays; the one that everybody reads comes with the catalogue's."""
    words = "" if name == TOPIC else f" --replay {name}"
    return f"`lienthong topic apply{words}` makes it."
