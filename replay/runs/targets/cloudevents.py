"""A record as a CloudEvent in JSON (CloudEvents 1.0.2, JSON event format), with where it stands in its run. Pure.

Every header ``ce_NAME`` that says something is the attribute ``NAME``, but for the names of what a replay adds.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from bus.cli.moments import as_text
from bus.cli.plain import plain
from bus.codec import Codec
from bus.envelope import parse_time
from bus.errors import ContractError, InvalidEnvelope
from bus.records import Record
from bus.replays import marks
from bus.wire import HEAD_BYTES, schema_id_of

CONTENT_TYPE = "application/cloudevents-batch+json; charset=UTF-8"

UNREADABLE, TOMBSTONE = "lienthong.unreadable", "lienthong.tombstone"
"""The types of what no header names."""

SEQUENCE_DIGITS = 12
"""A sequence is text that sorts as its number does, as the extension «sequence» of CloudEvents wants it."""

_ATTRIBUTE = re.compile(r"ce_([a-z0-9]+)")
_OURS = ("data", "datacontenttype", "partitionkey", "acceptedtime")
"""What no header may say where we do not; what we always say overrules it."""

Codecs = Callable[[int], Codec]


def cloud_event(record: Record, sequence: int, run: tuple[str, str], codec: Codecs) -> bytes:
    """Return a record's event. ``sequence`` is its number in the run, from 0; ``run`` is the id and the beginning.

    The value stands there as ``data``, read with the contract that it was written with; in ``data_base64``, where it
    cannot be; nowhere for a tombstone.
    """
    event = {**_described(record), **_carried(record), **_added(record, sequence, run)}
    try:
        return _written(event | _data(record, codec))
    except (ContractError, ValueError):  # ValueError: a number that JSON has no word for
        return _written(event | _bytes(record))


def _described(record: Record) -> dict[str, Any]:
    """Return what every event must have, for records whose headers lack it."""
    kind = TOMBSTONE if record.value is None else UNREADABLE
    return {"id": str(record.place), "source": record.topic, "type": kind}


def _carried(record: Record) -> dict[str, Any]:
    carried = {}
    for name, value in record.headers:
        attribute = _ATTRIBUTE.fullmatch(name)
        if value and attribute and attribute[1] not in _OURS:
            carried[attribute[1]] = _text(value)
    if not _is_time(carried.get("time")):
        carried.pop("time", None)
    if trace := record.header("traceparent"):
        carried["traceparent"] = _text(trace)
    return carried


def _added(record: Record, sequence: int, run: tuple[str, str]) -> dict[str, Any]:
    told = marks(run[0].encode(), run[1].encode(), record)
    named = {name.replace("_", ""): _text(value or b"") for name, value in told}
    key = {} if record.key is None else {"partitionkey": _text(record.key)}
    return {
        "specversion": "1.0", **_accepted(record.timestamp), **key, **named,
        "sequence": f"{sequence:0{SEQUENCE_DIGITS}}",
    }  # fmt: skip


def _accepted(timestamp: int) -> dict[str, str]:
    """Return when the bus accepted the record; nothing for a time that no calendar has."""
    try:
        return {"acceptedtime": as_text(timestamp)}
    except OverflowError:
        return {}


def _data(record: Record, codec: Codecs) -> dict[str, Any]:
    if record.value is None:
        return {}
    payload = codec(schema_id_of(record.value)).decode(record.value, HEAD_BYTES)
    return {"datacontenttype": "application/json", "data": plain(payload)}


def _bytes(record: Record) -> dict[str, Any]:
    kind = record.text("content-type") or "application/octet-stream"
    return {"datacontenttype": kind, "data_base64": base64.b64encode(record.value or b"").decode()}


def _written(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _text(raw: bytes) -> str:
    """Return text, with what is no UTF-8 written out: two different keys stay two."""
    return raw.decode("utf-8", "backslashreplace")


def _is_time(text: str | None) -> bool:
    try:
        return text is not None and bool(parse_time(text))
    except InvalidEnvelope:
        return False
