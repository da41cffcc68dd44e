"""The codec of one schema, put together: the generated code, or the fallback behind the switch."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from msgspec import Struct

from bus.codec import fallback
from bus.codec.decoder import write_decoder
from bus.codec.encoder import write_encoder
from bus.codec.evolution import resolver
from bus.codec.explain import explain
from bus.codec.limits import MAX_VALUE_BYTES
from bus.codec.plan import Plan, expected
from bus.codec.planning import make_plan
from bus.errors import ConfigError, DecodeError, Misfit

_Write = Callable[[Any, list[bytes]], object]
_Read = Callable[[bytes, int, int], tuple[dict[str, Any], int]]

_TOO_EARLY = "the bytes end too early"
_REFUSALS = (Misfit, LookupError, TypeError, ValueError, OverflowError)
FAULTS = (DecodeError, IndexError, ValueError, OverflowError, struct.error)
"""What generated code raises on bytes that are not a value."""


class Encode(Protocol):
    """Return the value's bytes behind ``head``. Raises :class:`~bus.errors.Misfit` with the field's path."""

    def __call__(self, value: Mapping[str, Any], head: bytes = b"") -> bytes: ...


class Decode(Protocol):
    """Return the one value that stands from ``start`` to the end. Raises :class:`~bus.errors.DecodeError`."""

    def __call__(self, data: bytes, start: int = 0) -> dict[str, Any]: ...


class Codec(Struct, frozen=True, kw_only=True):
    """Encodes and decodes values of one schema; may be shared by threads.

    What was encoded decodes to an equal value: whatever Avro or Python would change on the way (a float cut to a
    whole number, a naive time, text that is not NFC) is refused instead. ``source`` is the generated code.
    """

    full_name: str
    schema: str
    encode: Encode
    decode: Decode
    source: str

    def decode_as(self, data: bytes, reader_schema: str, start: int = 0) -> dict[str, Any]:
        """Return the value as ``reader_schema`` sees it: its fields, its defaults.

        Raises :class:`~bus.errors.DecodeError` (the bytes), :class:`~bus.errors.IncompatibleSchema` and
        :class:`~bus.errors.InvalidSchema` (the reader's schema).
        """
        # Only bytes that were looked at reach fastavro: hostile ones could end the process there.
        _scanner(self.schema)(data, start)
        return resolver(self.schema, reader_schema)(data, start)


def compile_codec(schema: str, *, generated: bool | None = None) -> Codec:
    """Return the codec of a schema's text, made once.

    ``generated=False`` takes the fallback (a generated guard, then fastavro); without a word the environment
    decides: ``LIENTHONG_CODEC=fallback``. Raises :class:`~bus.errors.InvalidSchema`.

    >>> codec = compile_codec('{"type": "record", "name": "Paid", "fields": [{"name": "dong", "type": "long"}]}')
    >>> codec.decode(codec.encode({"dong": 50_000}))
    {'dong': 50000}
    """
    return _compiled(schema, _is_generated() if generated is None else generated)


def _is_generated() -> bool:
    wanted = os.environ.get("LIENTHONG_CODEC") or "generated"
    if wanted not in ("generated", "fallback"):
        raise ConfigError("LIENTHONG_CODEC is neither `generated` nor `fallback`")
    return wanted == "generated"


@lru_cache(maxsize=2048)
def _compiled(schema: str, generated: bool) -> Codec:
    plan = make_plan(schema)
    encoder = write_encoder(plan, write=generated)
    decoder = write_decoder(plan, build=generated)
    label = plan.root.name
    write, read = encoder.compile("encode", f"{label} encoder"), decoder.compile("decode", f"{label} decoder")
    if not generated:
        write, read = _checked(write, fallback.writer(plan)), _looked_at(plan, read, fallback.reader(plan))
    return Codec(
        full_name=label, schema=schema, encode=_encode(plan, write), decode=_decode(plan, read),
        source=encoder.text + "\n\n" + decoder.text,
    )  # fmt: skip


@lru_cache(maxsize=2048)
def _scanner(schema: str) -> Decode:
    plan = make_plan(schema)
    return _decode(plan, write_decoder(plan, build=False).compile("decode", f"{plan.root.name} scanner"))


def _checked(check: _Write, write: _Write) -> _Write:
    def write_checked(value: Any, pieces: list[bytes]) -> None:
        check(value, [])
        write(value, pieces)

    return write_checked


def _looked_at(plan: Plan, look: _Read, read: Callable[[bytes, int], tuple[dict[str, Any], int]]) -> _Read:
    def read_looked_at(data: bytes, start: int, end: int) -> tuple[dict[str, Any], int]:
        # Deep nesting would end the process within fastavro; elsewhere its own tests of lengths are enough.
        position = look(data, start, end)[1] if plan.may_nest_deep else end
        return read(data, start) if position == end else ({}, position)

    return read_looked_at


def _encode(plan: Plan, write: _Write) -> Encode:
    def encode(value: Mapping[str, Any], head: bytes = b"") -> bytes:
        pieces = [head]
        if type(value) is not dict and isinstance(value, Mapping):
            value = dict(value)
        try:
            write(value, pieces)
        except _REFUSALS as error:
            raise _refusal(plan, value, error) from None
        data = b"".join(pieces)
        if len(data) - len(head) > MAX_VALUE_BYTES:
            raise Misfit("", f"at most {MAX_VALUE_BYTES} bytes long", hint="Files never travel on a topic.")
        return data

    return encode


def _refusal(plan: Plan, value: Any, error: Exception) -> Misfit:
    found = explain(plan, value)
    if found is None:
        found = error if isinstance(error, Misfit) else Misfit("", expected(plan.root))
    return found


def _decode(plan: Plan, read: _Read) -> Decode:
    name = plan.root.name

    def decode(data: bytes, start: int = 0) -> dict[str, Any]:
        end = len(data)
        if end - start > MAX_VALUE_BYTES:
            raise DecodeError(f"{name}: a value is at most {MAX_VALUE_BYTES} bytes long")
        try:
            value, position = read(data, start, end)
        except FAULTS as error:
            raise no_value(name, error) from None
        if position != end:
            raise not_to_the_end(name, position, end)
        return value

    return decode


def no_value(name: str, error: Exception) -> DecodeError:
    """Return the refusal of bytes on which generated code raised one of :data:`FAULTS`; no word of them is told."""
    if isinstance(error, DecodeError):
        words = str(error)
    elif isinstance(error, IndexError | struct.error):
        words = _TOO_EARLY
    else:
        words = "a text is not UTF-8" if isinstance(error, UnicodeDecodeError) else "a date, a time or a uuid is none"
    return DecodeError(f"not a value of {name}: {words}")


def not_to_the_end(name: str, position: int, end: int) -> DecodeError:
    """Return the refusal of bytes whose value ends at ``position``, and not at their end."""
    return DecodeError(f"not a value of {name}: {_TOO_EARLY if position > end else 'bytes follow it'}")
