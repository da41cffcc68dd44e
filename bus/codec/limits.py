"""The limits of the codec, in one place. Encoder, decoder and fallback hold the same ones."""

from __future__ import annotations

from typing import Final

MAX_VALUE_BYTES: Final = 1024 * 1024
"""The largest value, without its frame: files never travel on a topic."""

MAX_SCHEMA_BYTES: Final = 256 * 1024

MAX_SCHEMA_DEPTH: Final = 32
"""How deep the types of one schema may nest as they are written down."""

MAX_DEPTH: Final = 64
"""How deep a value of a recursive type may nest: a deeper one could end the process, not only the call."""

MAX_PRECISION: Final = 1000
"""Digits of a decimal. Ten to that power is computed when a schema is compiled."""

MAX_BRANCHES: Final = 64
"""Branches of a union: every index is then one byte."""

MAX_EMPTY_RECORDS: Final = 64
"""Records that take no bytes, within one another: a small schema could otherwise name billions of them."""
