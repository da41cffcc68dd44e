"""A record as a CloudEvent in JSON (CloudEvents 1.0.2, JSON event format), with where it stands in its run. Pure.

Every header ``ce_NAME`` is the attribute ``NAME``. What a replay adds has names that no header overrules.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bus.cli.plain import plain
from bus.codec import Codec
from bus.envelope import format_time, parse_time
from bus.errors import ContractError, InvalidEnvelope
from bus.records import Record
from bus.replays import marks
from bus.wire import schema_id_of

CONTENT_TYPE = "application/cloudevents-batch+json; charset=UTF-8"

UNREADABLE, TOMBSTONE = "lienthong.unreadable", "lienthong.tombstone"
"""The types of what no header names."""

SEQUENCE_DIGITS = 12
"""A sequence is text that sorts as its number does, as the extension «sequence» of CloudEvents wants it."""

_ATTRIBUTE = re.compile(r"ce_([a-z0-9]+)")
_NO_ATTRIBUTES = ("data", "datacontenttype")
_HEAD_BYTES = 5
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
        if value and attribute and attribute[1] not in _NO_ATTRIBUTES:
            carried[attribute[1]] = _text(value)
    if not _is_time(carried.get("time")):
        carried.pop("time", None)
    if trace := record.header("traceparent"):
        carried["traceparent"] = _text(trace)
    return carried


def _added(record: Record, sequence: int, run: tuple[str, str]) -> dict[str, Any]:
    accepted = format_time(datetime.fromtimestamp(record.timestamp / 1000, UTC))
    named = {name.replace("_", ""): _text(value or b"") for name, value in marks(*_encoded(run), record)}
    key = {} if record.key is None else {"partitionkey": _text(record.key)}
    return {
        "specversion": "1.0", "acceptedtime": accepted, **key, **named, "sequence": f"{sequence:0{SEQUENCE_DIGITS}}",
    }  # fmt: skip


def _encoded(run: tuple[str, str]) -> tuple[bytes, bytes]:
    return run[0].encode(), run[1].encode()


def _data(record: Record, codec: Codecs) -> dict[str, Any]:
    if record.value is None:
        return {}
    payload = codec(schema_id_of(record.value)).decode(record.value, _HEAD_BYTES)
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
