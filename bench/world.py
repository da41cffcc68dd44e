"""What the engine's rows share: events of 320 bytes with eight headers, the real wire, and a log for them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from bench.bare import PARTITIONS
from bench.event import SCHEMA, an_event
from bus.envelope import Envelope, event_id
from bus.registry import SchemaRegistry, SchemaVersion
from bus.transport import Engine, TopicSpec
from bus.transports import open_engine
from bus.wire import Wire

if TYPE_CHECKING:
    from schemas.catalogue import Catalogue

TOPIC = "dossier.events"


class _OneSchema:
    """A registry with one schema, so that only the engine is measured."""

    def __init__(self, schema: str) -> None:
        self._schema = schema

    def schema(self, _schema_id: int) -> str:
        return self._schema

    def look_up(self, subject: str, schema: str) -> SchemaVersion:
        return SchemaVersion(subject=subject, version=1, schema_id=1, schema=schema)


def a_wire(schema: str = SCHEMA) -> Wire:
    """Return the real wire for the one event."""
    entry = SimpleNamespace(type="DossierReceived", topic=TOPIC, subject="bench", schema=schema)
    topic = SimpleNamespace(name=TOPIC, key="The dossier code.")
    events: dict[str, Any] = {"DossierReceived": entry}
    catalogue = SimpleNamespace(events=(entry,), topics=(topic,), event=events.__getitem__)
    return Wire(cast("SchemaRegistry", _OneSchema(schema)), cast("Catalogue", catalogue))


def an_engine(folder: Path, name: str = "bus.db") -> Engine:
    """Open a log with the topic."""
    engine = open_engine(f"sqlite:///{folder / name}")
    engine.admin.create_topic(TopicSpec(name=TOPIC, partitions=PARTITIONS))
    return engine


def events(number: int) -> list[Envelope]:
    """Return events of different dossiers."""
    payload = an_event(vietnamese=False)
    moment = payload["receivedAt"]
    return [
        Envelope(
            id=event_id("bench", str(place)), type="DossierReceived", source="bench", key=code,
            time=moment + timedelta(seconds=place), payload=payload | {"dossierCode": code}, correlation=code,
        )
        for place in range(number)
        for code in [f"H56.14-261124-{place:04}"]
    ]  # fmt: skip


@contextmanager
def a_folder(*, ram_bytes: int = 0) -> Iterator[Path]:
    """Give an empty folder on disk, or on the RAM disk where that has so many bytes to spare; it goes again."""
    shared = Path("/dev/shm")  # noqa: S108 - a folder of random name is made in it
    has_room = bool(ram_bytes) and shared.is_dir() and shutil.disk_usage(shared).free > ram_bytes
    folder = Path(tempfile.mkdtemp(prefix="lienthong-bench-", dir=shared if has_room else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
