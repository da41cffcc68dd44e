"""How much disk an event takes: a value of 320 bytes, eight headers, and its posting in the index."""

from __future__ import annotations

import json

from bench.bare import PARTITIONS, Bare
from bench.event import SCHEMA
from bench.row import Row, limit
from bench.world import TOPIC, a_folder, a_wire, an_engine, events
from bus.transport import Commit, TopicSpec
from replay.index.identifiers import identifier
from replay.index.lookup import open_index

_EVENTS, _BATCH, _LIMIT = 20_000, 500, 600.0
_ROOM = 2**28


def rows() -> list[Row]:
    """Measure ``embedded.bytes``; the control is the bare log, without any index."""
    schema = json.loads(SCHEMA)
    schema["fields"][0]["confluent:tags"] = ["ID:dossier"]
    wire, made = a_wire(json.dumps(schema)), events(_EVENTS)
    with a_folder(ram_bytes=_ROOM) as folder:
        engine, bare = an_engine(folder), Bare(folder / "bare.db")
        engine.admin.create_topic(TopicSpec(name=f"{TOPIC}.dead-letter", partitions=PARTITIONS))
        for start in range(0, _EVENTS, _BATCH):
            batch = made[start : start + _BATCH]
            engine.log.commit(Commit(appends=[wire.encode(event) for event in batch]))
            bare.publish(batch)
        index = open_index(engine, wire, f"sqlite:///{folder / 'index.db'}", folder / "index.key")
        assert index.find(identifier("dossier", made[0].key)).told
        index.close()
        engine.close()
        bare.close()
        ours = sum((folder / name).stat().st_size for name in ("bus.db", "index.db")) / _EVENTS
        control = (folder / "bare.db").stat().st_size / _EVENTS
    return [limit("embedded.bytes", [ours], [control], "B/event", _LIMIT, timed=False)]
