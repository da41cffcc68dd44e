"""Move an event: envelope, codec, log, producer, consumer. The names that other code should use stand here."""

from bus.envelope import Envelope, event_id
from bus.errors import LienthongError
from bus.records import NewRecord, Place, Record, TopicPartition
from bus.transport import Commit, Engine

__all__ = [
    "Commit",
    "Engine",
    "Envelope",
    "LienthongError",
    "NewRecord",
    "Place",
    "Record",
    "TopicPartition",
    "event_id",
]
