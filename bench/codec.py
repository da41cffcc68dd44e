"""The codec beside bare fastavro: the same event, CPU time, round by round."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from time import process_time
from typing import Any

import fastavro

from bench.event import SCHEMA, an_event
from bench.row import Row, rate, rounds
from bus.codec import Codec, compile_codec

ROUNDS, CALLS = 15, 1500


def rows() -> list[Row]:
    """Measure encoding and decoding, generated and by the fallback, on both texts; the slower text is the row."""
    encoders = [("embedded.encode", True, 1.5), ("embedded.fallback_encode", False, 0.7)]
    decoders = [("embedded.decode", True, 1.3), ("embedded.fallback_decode", False, 0.9)]
    found = [_slower(row, generated, floor, _encoding) for row, generated, floor in encoders]
    return found + [_slower(row, generated, floor, _decoding) for row, generated, floor in decoders]


_Pair = tuple[Callable[[], object], Callable[[], object]]


def _slower(row: str, generated: bool, floor: float, pair: Callable[[Codec, dict[str, Any]], _Pair]) -> Row:
    codec = compile_codec(SCHEMA, generated=generated)
    measured = []
    for vietnamese in (False, True):
        ours, bare = pair(codec, an_event(vietnamese=vietnamese))
        values = rounds(ROUNDS, lambda ours=ours: _rate(ours), lambda bare=bare: _rate(bare))  # type: ignore[misc]
        measured.append(rate(row, *values, "events/s", floor))
    return min(measured, key=lambda found: found.ratio.median)


def _encoding(codec: Codec, event: dict[str, Any]) -> _Pair:
    parsed = fastavro.parse_schema(json.loads(SCHEMA))

    def bare() -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, parsed, event)
        return out.getvalue()

    assert bare() == codec.encode(event)
    return lambda: codec.encode(event), bare


def _decoding(codec: Codec, event: dict[str, Any]) -> _Pair:
    parsed, data = fastavro.parse_schema(json.loads(SCHEMA)), codec.encode(event)

    def bare() -> object:
        return fastavro.schemaless_reader(io.BytesIO(data), parsed, None)

    assert bare() == codec.decode(data) == event
    return lambda: codec.decode(data), bare


def _rate(call: Callable[[], object]) -> float:
    begun = process_time()
    for _ in range(CALLS):
        call()
    return CALLS / (process_time() - begun)
