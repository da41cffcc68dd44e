"""Calling ``lienthong`` in this process or in its own, and the JSON that the tests emit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

ROOT = Path(__file__).resolve().parents[3]
DOSSIER = "H56.14-261124-0001"
NOON = "2026-11-24T05:00:00.000Z"


class Answer(NamedTuple):
    """What a call printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """The JSON on stdout, one value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


Call: TypeAlias = Callable[..., Answer]


def received(code: str = DOSSIER, **fields: Any) -> dict[str, Any]:
    """Return the payload of a dossier that was received."""
    return {"dossierCode": {"code": code, "codeSystem": "VN-DOSSIER"}, **fields}


def enveloped(payload: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Return a payload with its envelope around it."""
    return {"type": "DossierReceived", "time": NOON, **facts, "payload": payload}


def as_lines(*values: Any) -> str:
    """Return JSON lines."""
    return "".join(json.dumps(value) + "\n" for value in values)
