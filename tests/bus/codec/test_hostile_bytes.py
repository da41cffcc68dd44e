"""Bytes from outside end in a value or in one error: never in a crash, a hang or a half-read value."""

from __future__ import annotations

import os
import random
import struct
from typing import Any

import pytest

from bench.codec import SCHEMA, an_event
from bus.codec import compile_codec
from bus.codec.runtime import varint
from bus.errors import DecodeError
from tests.bus.codec.samples import DATE, DECIMAL, ENUM, FIXED, MILLIS, TIME_MILLIS, TREE, UUID, schema_of

ROUNDS = int(os.environ.get("LIENTHONG_TEST_ROUNDS", "1500"))
INTS = {"type": "array", "items": "int"}
COUNTS = {"type": "map", "values": "int"}


def zigzag(number: int) -> bytes:
    return varint((number << 1 ^ number >> 63) & (2**64 - 1))


BAD: list[tuple[str, Any, bytes]] = [
    ("nothing", "int", b""),
    ("a cut varint", "long", b"\x80"),
    ("a varint without end", "long", b"\x80" * 20),
    ("a cut text", "string", b"\x0aab"),
    ("a text of a negative length", "string", zigzag(-1) + b"ab"),
    ("a text of an endless length", "string", zigzag(2**62) + b"ab"),
    ("a text that is not UTF-8", "string", b"\x04\xff\xfe"),
    ("bytes of a negative length", "bytes", zigzag(-64)),
    ("a cut fixed", FIXED, b"abc"),
    ("a cut double", "double", b"\0" * 7),
    ("a cut float", "float", b"\0" * 3),
    ("a symbol behind the last", ENUM, zigzag(2)),
    ("a branch behind the last", ["null", "int"], zigzag(2)),
    ("a day after the year 9999", DATE, zigzag(2**31 - 1)),
    ("a time after the year 9999", MILLIS, zigzag(2**62)),
    ("a time of day after midnight", TIME_MILLIS, zigzag(86_400_000)),
    ("a uuid with dashes for digits", UUID, b"\x486f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f--"),
    ("text that is no uuid", UUID, b"\x48" + b"g" * 36),
    ("a list cut before its end", INTS, b"\x02\x02"),
    ("a block of more items than bytes", INTS, zigzag(2**62) + b"\0\0"),
    ("a map cut in a key", COUNTS, b"\x02\x0aab"),
    ("something behind the value", "int", b"\x02\0"),
]
STRICT: list[tuple[str, Any, bytes]] = [
    ("a boolean of two", "boolean", b"\x02"),
    ("a symbol counted from the end", ENUM, zigzag(-1)),
    ("a branch counted from the end", ["null", "int"], zigzag(-1) + b"\x02"),
    ("a map's key twice", COUNTS, b"\x04\x02a\x02\x02a\x04\0"),
    ("a block that is shorter than it says", INTS, zigzag(-1) + b"\x06" + b"\x02\0"),
    ("too many digits in a decimal", DECIMAL, b"\x08\x7f\xff\xff\xff"),
    ("a uuid in braces", UUID, b"\x4c{6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57}"),
    ("a uuid with an underscore", UUID, b"\x486f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2_57"),
    ("a varint over 64 bits", "long", b"\xff" * 9 + b"\x7f"),
    ("an int over 32 bits", "int", zigzag(2**31)),
    ("a block of the most items", INTS, zigzag(-(2**63)) + b"\0\0"),
    ("a time of day before midnight", TIME_MILLIS, zigzag(-1)),
]


@pytest.mark.parametrize(("kind", "data"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bytes_that_are_not_one_value_are_refused(compiled, kind, data) -> None:
    with pytest.raises(DecodeError):
        compiled(schema_of(f=kind)).decode(data)


@pytest.mark.parametrize(("kind", "data"), [case[1:] for case in STRICT], ids=[case[0] for case in STRICT])
def test_the_generated_decoder_refuses_what_fastavro_lets_pass(kind, data) -> None:
    with pytest.raises(DecodeError):
        compile_codec(schema_of(f=kind), generated=True).decode(data)


def test_a_block_may_say_how_long_it_is(compiled) -> None:
    data = zigzag(-2) + zigzag(2) + b"\x02\x04" + b"\x02\x06" + b"\0"
    assert compiled(schema_of(f=INTS)).decode(data) == {"f": [1, 2, 3]}


def test_a_start_behind_the_end_is_refused(compiled) -> None:
    with pytest.raises(DecodeError):
        compiled(schema_of(f="int")).decode(b"\x02", 5)


@pytest.mark.parametrize("depth", [66, 5_000, 300_000])
def test_nested_bytes_never_end_the_process(compiled, depth) -> None:
    with pytest.raises(DecodeError, match="nest deeper than 64"):
        compiled(TREE).decode(b"\0\x02" * depth + b"\0\0" + b"\0" * depth)


def test_a_value_over_the_limit_is_not_read(compiled) -> None:
    with pytest.raises(DecodeError, match="at most"):
        compiled(schema_of(f="bytes")).decode(bytes(1024 * 1024 + 1))


def test_no_truncated_event_is_accepted(compiled) -> None:
    codec = compiled(SCHEMA)
    data = codec.encode(an_event(vietnamese=True))
    accepted = [end for end in range(len(data)) if _read(codec, data[:end]) is not None]
    assert accepted == []


def test_a_changed_event_is_read_or_refused(compiled) -> None:
    codec, chance = compiled(SCHEMA), random.Random(7)
    data = codec.encode(an_event(vietnamese=True))
    for _ in range(ROUNDS):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        _read(codec, bytes(changed))


@pytest.mark.parametrize("schema", [SCHEMA, TREE, schema_of(f=INTS, g=COUNTS)], ids=["event", "tree", "lists"])
def test_random_bytes_are_read_or_refused(compiled, schema) -> None:
    codec, chance = compiled(schema), random.Random(11)
    for _ in range(ROUNDS):
        _read(codec, chance.randbytes(chance.randrange(40)))


def test_whatever_is_read_is_written_as_the_shortest_bytes_for_it() -> None:
    codec, chance = compile_codec(schema_of(f=["null", "long"], g=INTS, h="boolean"), generated=True), random.Random(3)
    found = [value for _ in range(ROUNDS * 4) if (value := _read(codec, chance.randbytes(chance.randrange(9))))]
    assert [codec.decode(codec.encode(value)) for value in found] == found


def test_a_message_never_holds_the_bytes(compiled) -> None:
    with pytest.raises(DecodeError) as refusal:
        compiled(schema_of(f="string", g="int")).decode(b"\x14038090\xff\xff\xff\xff" + struct.pack("<d", 1.0))
    assert "038090" not in str(refusal.value)


def _read(codec: Any, data: bytes) -> Any:
    try:
        return codec.decode(data)
    except DecodeError:
        return None
