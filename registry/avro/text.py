"""From text to JSON, with the limits that protect the rest: size, depth, doubled keys, half characters.

Java reads schemas with Jackson, comments allowed; it refuses 1,000 levels, we refuse :data:`MAX_DEPTH`.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import NoReturn

from bus.errors import InvalidSchema
from registry.avro.nodes import Json

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 200

# What is not closed reaches to the end: to search for its end again and again would take hours.
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"?'
_STRINGS = re.compile(_STRING, re.DOTALL)
_COMMENTS = re.compile(rf"({_STRING})|/\*.*?(?:\*/|\Z)|//[^\r\n]*", re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def refuse(at: str, why: str) -> NoReturn:
    """Raise :class:`InvalidSchema` with the place ``at``, a JSON pointer."""
    hint = "The place is a JSON pointer into the schema: `/fields/0` is its first field, `/` the whole."
    raise InvalidSchema(f"{at or '/'}: {why}", hint=hint)


def read_json(text: str) -> Json:
    """Return the one JSON value of a text. Raises :class:`InvalidSchema`."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidSchema(f"the schema has more than {MAX_CHARACTERS:,} characters")
    if "//" in text or "/*" in text:
        text = _without_comments(text)
    _check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_without_doubles, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidSchema(f"the schema is not JSON: {error}") from error
    if not text.isascii() or _SURROGATE.search(text):
        _check_characters(value)
    return value


def _without_comments(text: str) -> str:
    """Blank out comments, all but those behind the value: Java takes them for a second one."""
    blanked = _COMMENTS.sub(lambda match: match[1] or " " * len(match[0]), text)
    return blanked if len(blanked.rstrip()) == len(text.rstrip()) else text


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    steps = map(_STEP.__getitem__, _BRACKETS.findall(_STRINGS.sub("", text)))
    if max(accumulate(steps), default=0) > MAX_DEPTH:
        raise InvalidSchema(f"the schema is nested more than {MAX_DEPTH} levels deep")


def _without_doubles(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON value")


def _check_characters(value: Json) -> None:
    """Refuse half of a surrogate pair: no encoding could store it."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidSchema("the schema holds half of a surrogate pair, which is no character") from error
