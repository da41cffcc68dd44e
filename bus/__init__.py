"""Move an event: envelope, codec, log, producer, consumer. The names that other code should use stand here.

They are imported when first asked for: `lienthong --help` needs none of them, and must be quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {"errors": ["LienthongError"], "envelope": ["Envelope", "event_id"], "transport": ["Commit", "Engine"]}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bus' has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "records")
    return getattr(import_module(f"bus.{home}"), name)
