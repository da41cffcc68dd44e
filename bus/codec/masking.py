"""The masker of one schema, put together: bytes in, the same bytes out with tagged fields hidden."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from bus.codec.compiled import FAULTS, no_value, not_to_the_end
from bus.codec.limits import MAX_VALUE_BYTES
from bus.codec.masker import Hide, Tagged, write_masker
from bus.codec.planning import make_plan
from bus.errors import DecodeError

Pseudonym = Callable[[bytes], bytes]
"""Takes an identifier's UTF-8 bytes, returns those of the text that stands for it: at most 8,191."""


class Masker(Protocol):
    """Return ``data`` with what is tagged hidden in the value that stands from ``start`` to the end.

    Every hidden text, symbol and run of bytes is appended to ``hidden``, a UUID as its text and its bytes; whole
    numbers, decimals and dates as their text where that has six characters or more, since a shorter one is found
    everywhere. Raises :class:`~bus.errors.DecodeError`, also where the masked value would be over the limit; ``hidden``
    is then partial.
    """

    def __call__(self, data: bytes, start: int, pseudonym: Pseudonym, hidden: list[bytes]) -> bytes: ...


def compile_masker(schema: str, tagged: Tagged) -> Masker:
    """Return the masker of a schema's text, made once for the same fields; may be shared by threads.

    Fields that the schema does not have are passed over. Raises :class:`~bus.errors.InvalidSchema`.

    >>> schema = '{"type": "record", "name": "Died", "fields": [{"name": "who", "type": "string"}]}'
    >>> compile_masker(schema, {("Died", "who"): Hide.TEXT})(b"\\x04An", 0, bytes, [])
    b'\\x06***'
    """
    return _compiled(schema, frozenset(tagged.items()))


@lru_cache(maxsize=1024)
def _compiled(schema: str, tagged: frozenset[tuple[tuple[str, str], Hide]]) -> Masker:
    plan = make_plan(schema)
    name = plan.root.name
    write = write_masker(plan, dict(tagged)).compile("mask", f"{name} masker")

    def mask(data: bytes, start: int, pseudonym: Pseudonym, hidden: list[bytes]) -> bytes:
        end = len(data)
        if end - start > MAX_VALUE_BYTES:
            raise DecodeError(f"{name}: a value is at most {MAX_VALUE_BYTES} bytes long")
        try:
            masked: bytes
            masked, position = write(data, start, end, pseudonym, hidden)
        except FAULTS as error:
            raise no_value(name, error) from None
        if position != end:
            raise not_to_the_end(name, position, end)
        if len(masked) - start > MAX_VALUE_BYTES:
            raise DecodeError(f"{name}: masked, the value would be over {MAX_VALUE_BYTES} bytes long")
        return masked

    return mask
