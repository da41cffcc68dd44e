"""What a simulator hears and says: JSON objects, of a bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import falcon
import msgspec

_MAX_BYTES = 64 * 1024


def heard(request: falcon.Request) -> dict[str, Any]:
    """Return the JSON object that a request brings. Raises falcon's 400 for anything else."""
    try:
        content = msgspec.json.decode(request.bounded_stream.read(_MAX_BYTES))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise falcon.HTTPBadRequest from error
    if not isinstance(content, dict):
        raise falcon.HTTPBadRequest
    return content


def say(response: falcon.Response, answer: Mapping[str, Any]) -> None:
    """Answer with a JSON object, whole before it is sent: a fault may still cut it."""
    response.data = msgspec.json.encode(dict(answer))
    response.content_type = "application/json; charset=utf-8"
