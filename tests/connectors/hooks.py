"""A small webhook for tests: a partner withdraws dossiers, by notices signed as Standard Webhooks ask."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from bus.envelope import Envelope, event_id
from bus.errors import LienthongError, Unmappable, Unreadable
from connectors.sdk import Call, Fetched, Said, Verdict
from connectors.signing import prove, signed
from schemas.catalogue import load, parsed

KEY = b"an invented key of 32 bytes ....."
NOW_S = 1_795_500_000
_STATUS = {Verdict.ACCEPTED: 200, Verdict.KNOWN: 200, Verdict.REFUSED: 422, Verdict.NOT_PROVEN: 401, Verdict.BUSY: 503}


class WithdrawalHook:
    """Takes ``{"dossier", "reason"}``; no reason at all cannot be mapped, dossiers of agency ``X`` are unknown."""

    def __init__(self, name: str = "withdrawals", keys: Sequence[bytes] = (KEY,)) -> None:
        self.name, self.topic, self._keys = name, "dossier.events", keys

    def read(self, call: Call) -> Fetched:
        """Prove it, then read it."""
        notice = prove(call, self._keys)
        try:
            told = json.loads(call.body)
            value = {"dossier": str(told["dossier"]), "reason": str(told["reason"])}
        except (ValueError, KeyError, TypeError, RecursionError):
            fault = Unreadable("no dossier or no reason")
            return Fetched(raw=call.body, value=None, place="a notice", fault=fault, native_id=notice)
        return Fetched(raw=call.body, value=value, place="a notice", native_id=notice, key=value["dossier"])

    def examine(self, item: Fetched) -> None:
        """Refuse dossiers of an agency that is none."""
        if item.value["dossier"].startswith("X"):
            raise Unmappable("a notice speaks of a dossier that nobody asked for")

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Tell that the dossier was withdrawn."""
        if not item.value["reason"]:
            raise Unmappable("a notice has no reason")
        told = item.value
        return [withdrawal(self.name, event_id(self.name, item.native_id), told["dossier"], told["reason"])]

    def answer(self, verdict: Verdict, _item: Fetched | None, _error: LienthongError | None) -> Said:
        """Say a word."""
        return Said(status=_STATUS[verdict], body=json.dumps({"result": verdict.value}).encode())

    def close(self) -> None:
        """Nothing to let go of."""


def withdrawal(source: str, event: UUID, code: str, reason: str) -> Envelope:
    """Return the event that a dossier was withdrawn."""
    named = {"dossierCode": {"code": code, "codeSystem": "VN-DOSSIER", "validAt": None}, "reason": reason}
    return Envelope(
        id=event, type="DossierWithdrawn", source=source, key=code, time=datetime(2026, 11, 24, 5, 0, tzinfo=UTC),
        payload={**empty_payload(), **named}, correlation=code,
    )  # fmt: skip


@cache
def empty_payload() -> Mapping[str, Any]:
    """Return the fields that a contract asks for besides, all empty."""
    return dict.fromkeys(field["name"] for field in parsed(load().event("DossierWithdrawn"))["fields"])


def a_call(notice: str = "n-1", dossier: str = "H56.14-261124-0001", reason: str = "Công dân rút hồ sơ", *,
           key: bytes = KEY, at_s: int = NOW_S, signed_s: int | None = None) -> Call:  # fmt: skip
    """Return a call as it came at ``at_s``, signed then or at ``signed_s``."""
    return with_body(notice, json.dumps({"dossier": dossier, "reason": reason}).encode(), key=key, at_s=at_s,
                     signed_s=signed_s)  # fmt: skip


def with_body(notice: str, body: bytes, *, key: bytes = KEY, at_s: int = NOW_S, signed_s: int | None = None) -> Call:
    """Return a signed call with any body."""
    headers = signed(key, notice, at_s if signed_s is None else signed_s, body)
    return Call(method="POST", path="/hooks/withdrawals", query="", headers=headers, body=body, at=at_s * 1000)
