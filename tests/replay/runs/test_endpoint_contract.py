"""The contract of targets, over a real HTTP receiver. What JSON cannot tell as the log holds it is told as below."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bus.cli.plain import plain
from bus.codec import compile_codec
from bus.records import Header, Record
from bus.replays import ORIGIN, RUN, TIME
from bus.wire import Wire
from replay.runs.targets.endpoint import Endpoint
from schemas.catalogue import load
from tests.contracts.history import RUN as RUN_ID
from tests.contracts.history import TYPES
from tests.contracts.target import Arrived, OpenTarget, TargetContract, marks_of
from tests.replay.runs.receiver import Receiver

OWN = {"specversion", "partitionkey", "acceptedtime", "sequence", "data", "data_base64", "datacontenttype"}
MARKS = {name.replace("_", ""): name for name in (RUN, ORIGIN, TIME)}


class EndpointContract(TargetContract):
    """The suite, for a receiver that ``tells_next`` or not."""

    tells_next = True

    @pytest.fixture
    def receiver(self, tmp_path: Path) -> Iterator[Receiver]:
        with Receiver(tmp_path / "taken.db", tells_next=self.tells_next) as receiver:
            yield receiver

    @pytest.fixture
    def open_target(self, receiver: Receiver, wire: Wire) -> OpenTarget:
        return lambda: Endpoint(receiver.url, wire)

    @pytest.fixture
    def arrived(self, receiver: Receiver) -> Callable[[], list[Arrived]]:
        return lambda: [found(event) for event in receiver.store.events(RUN_ID)]

    @pytest.fixture
    def is_whole(self, receiver: Receiver) -> Callable[[], bool]:
        return lambda: receiver.store.whole(RUN_ID) is not None

    def told(self, record: Record) -> Arrived:
        """Return a record as JSON tells it: keys as text, the value decoded where it can be, CloudEvents' headers."""
        key = None if record.key is None else record.key.decode("utf-8", "backslashreplace").encode()
        return Arrived(
            topic=record.topic, partition=record.partition, offset=record.offset, timestamp=record.timestamp,
            key=key, value=told_value(record.value), headers=told_headers(record), marks=marks_of(record),
        )  # fmt: skip


class TestAReceiverThatTellsWhereItStands(EndpointContract):
    tells_next = True


class TestAReceiverThatOnlyRemembersItsNumber(EndpointContract):
    tells_next = False


def told_value(value: bytes | None) -> Any:
    if value is None or len(value) < 5 or value[0] != 0 or not 1 <= int.from_bytes(value[1:5], "big") <= len(TYPES):
        return value
    codec = compile_codec(load().event(TYPES[int.from_bytes(value[1:5], "big") - 1]).schema)
    return plain(codec.decode(value, 5))


def told_headers(record: Record) -> tuple[Header, ...]:
    names = {name: value or b"" for name, value in record.headers if re.fullmatch("ce_[a-z0-9]+", name)}
    names.pop("ce_specversion", None)
    kind = b"lienthong.tombstone" if record.value is None else b"lienthong.unreadable"
    needed = {"ce_id": str(record.place).encode(), "ce_source": record.topic.encode(), "ce_type": kind}
    return tuple(sorted((needed | names).items()))


def found(event: dict[str, Any]) -> Arrived:
    """Return an event that was received as the record that it was."""
    topic, partition, offset = event["ltreplayorigin"].split("/")
    value = event.get("data")
    if "data_base64" in event:
        value = base64.b64decode(event["data_base64"])
    key = event.get("partitionkey")
    others = {f"ce_{name}": str(text).encode() for name, text in event.items() if name not in OWN | set(MARKS)}
    return Arrived(
        topic=topic, partition=int(partition), offset=int(offset),
        timestamp=round(datetime.fromisoformat(event["acceptedtime"]).timestamp() * 1000),
        key=None if key is None else key.encode(), value=value, headers=tuple(sorted(others.items())),
        marks=tuple((name, event[short].encode()) for short, name in MARKS.items()),
    )  # fmt: skip
