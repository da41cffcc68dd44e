"""The names that all rooms share about replays: what marks a replayed record, and which topics replays go to.

Whether a record is replayed is told by its marks alone, never by comparing positions: see design, «The event».
"""

from __future__ import annotations

import re

from bus.deadletters import SUFFIX
from bus.records import Header, Record

RUN, ORIGIN, TIME = "lt_replay_run", "lt_replay_origin", "lt_replay_time"
"""The marks: which run, from where (``topic/partition/offset``), and when that run began (RFC 3339, UTC)."""

MARKS = frozenset({RUN, ORIGIN, TIME})

PREFIX = "replay."
"""How every topic is named that a replay may write to: nobody takes it for history."""

TOPIC = "replay.events"
"""The one that the bus's own consumers read too: they pass over what is in it, and count it, unless they accept."""

BOOKS = "audit.events"
"""Where runs tell of themselves."""

_NAME = re.compile(r"replay(\.[a-z0-9]+(-[a-z0-9]+)*)+")
_LONGEST_NAME = 200

CURSOR = "replay/"
"""How the bookmark of a run is named, before the run's id."""


def marks(run: bytes, began: bytes, record: Record) -> tuple[Header, Header, Header]:
    """Return the marks of a record that stands in history, for a run that began at ``began``."""
    origin = f"{record.topic}/{record.partition}/{record.offset}".encode()
    return (RUN, run), (ORIGIN, origin), (TIME, began)


def is_marked(record: Record) -> bool:
    """Tell whether a replay wrote this record."""
    return record.header(RUN) is not None


def is_copy(record: Record) -> bool:
    """Tell whether a record is nothing that happened: a replay wrote it, or it stands where only replays write."""
    return is_marked(record) or is_replay_topic(record.topic)


def origin_topic(record: Record) -> str:
    """Return the topic that a marked record was replayed from; empty where no mark tells it.

    >>> from bus.records import Record
    >>> origin_topic(Record(topic="replay.events", partition=0, offset=0, timestamp=0, key=None, value=None,
    ...                     headers=(("lt_replay_origin", b"dossier.events/3/17"),)))
    'dossier.events'
    """
    return record.text(ORIGIN).rpartition("/")[0].rpartition("/")[0]


def may_be_named(name: str) -> bool:
    """Tell whether a topic of replays may have this name; their dead letters come with them, and are none.

    >>> may_be_named("replay.audit-2026"), may_be_named("replay.Audit"), may_be_named("dossier.events")
    (True, False, False)
    """
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None and not name.endswith(SUFFIX)


def is_replay_topic(topic: str) -> bool:
    """Tell whether a topic holds copies that replays made: it is no history, and history is not asked for there."""
    return topic.startswith(PREFIX)
