"""What the database's answer means, and the little of it that is kept. Pure.

Only the fields named here are ever read from an answer's bytes. The rest, which is most of a person's life, becomes no
object of ours: it can reach no event, ledger, log or error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from unicodedata import normalize

import msgspec
from msgspec import Struct, field

from bus.errors import ConnectorError, CredentialsRefused, PartnerUnavailable, Rejected
from connectors import times
from connectors.population.looks import BIRTH, NAME, Look

WHAT = "XacThucThongTinCongDan"

MATCH, NO_MATCH, NOT_FOUND = "match", "no-match", "not-found"
_OUTCOMES = {"1": MATCH, "0": NO_MATCH}
_COMPARED = {"hoVaTen": NAME, "ngayThangNam": BIRTH, "nam": BIRTH}

_CODE = re.compile("-?[0-9]{1,4}")
_DONE, _NO_RECORD = ("0", "00"), "201"
_BUSY = ("-1",)
_NOT_US = ("100", "101")
_NOT_OUR_UNIT = ("106", "108")
_NOT_THIS_ONE = {
    "109": "the request's number was used before, for another look",
    "200": "the request lacks something",
    "302": "the number, the name or the date has no shape that it takes",
    "500": "it does not take the request's content",
}  # fmt: skip


class _Person(Struct, frozen=True, kw_only=True):
    number: str | None = field(default=None, name="SoDinhDanh")
    old_number: str | None = field(default=None, name="SoCMND")


class _Answer(Struct, frozen=True, kw_only=True):
    """All that is read of an answer. ``text`` and numbers are only compared."""

    code: int | str = field(name="maLoi")
    text: str | None = field(default=None, name="thongBao")
    request: str = field(name="maYeuCau")
    time: str | None = field(default=None, name="thoiGian")
    outcome: int | str | None = field(default=None, name="ketQua")
    agreeing: list[str] = field(default_factory=list, name="truongKhop")
    person: _Person | None = field(default=None, name="CongDan")


class Kept(Struct, frozen=True, kw_only=True):
    """What is kept of an answer: nothing of it tells about the person more than the event itself does."""

    outcome: str
    fields: tuple[str, ...]
    time: str


def kept(body: bytes, look: Look) -> bytes:
    """Return what is kept of an answer, as the same bytes for the same answer.

    Raises as :meth:`~connectors.sdk.Sink.deliver`: no whole answer, or one that contradicts itself, is none.
    """
    answer = _read(body)
    _judge(answer)
    if answer.request != look.number:
        _contradict("it answers another request")
    if answer.time is None or times.parse(answer.time) is None:
        raise _unavailable("the answer has no `thoiGian`")
    outcome = _outcome(answer, look)
    agreeing = () if outcome == NOT_FOUND else tuple(name for name in look.asked if name in answer.agreeing)
    return msgspec.json.encode(Kept(outcome=outcome, fields=agreeing, time=answer.time))


def opened(answer: bytes) -> Kept:
    """Return what :func:`kept` gave."""
    return msgspec.json.decode(answer, type=Kept)


def _read(body: bytes) -> _Answer:
    try:
        return msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        kind = "a web page" if body.lstrip()[:1] == b"<" else "no whole answer"
    # Outside the block, so that not even the cause of the error knows the body.
    raise _unavailable(f"the partner sent {kind} ({len(body)} bytes)")


def _judge(answer: _Answer) -> None:
    """Return for an answer about the person; raise for any other. Code and text are judged together."""
    code = str(answer.code).strip()
    says_done = "thành công" in (text := _folded(answer.text)) and "không thành công" not in text
    if code in _DONE:
        if text and not says_done:
            _contradict("the code says success, and the text does not")
    elif says_done:
        _contradict("the text says success, and the code does not")
    elif code != _NO_RECORD:
        _refuse(code)


def _refuse(code: str) -> NoReturn:
    if code in _BUSY:
        raise _unavailable(f"the partner answers with maLoi {code}")
    if code in _NOT_US:
        raise CredentialsRefused(f"{WHAT}: the partner refuses us with maLoi {code}")
    if code in _NOT_OUR_UNIT:
        raise ConnectorError(
            f"{WHAT}: the partner does not let this unit ask (maLoi {code})",
            hint="Have the asking agencies, and `unit`, entered at the partner.",
        )
    if code in _NOT_THIS_ONE:
        raise Rejected(f"{WHAT}: the partner refuses this look (maLoi {code}): {_NOT_THIS_ONE[code]}")
    told = code if _CODE.fullmatch(code) else "that is no number"
    raise ConnectorError(f"{WHAT}: the partner answers with an unknown maLoi, {told}", hint="Ask what it means.")


def _outcome(answer: _Answer, look: Look) -> str:
    if str(answer.code).strip() == _NO_RECORD:
        if answer.person is not None or answer.outcome is not None:
            _contradict("it found nobody, and tells of somebody")
        return NOT_FOUND
    outcome = _OUTCOMES.get(str(answer.outcome))
    if outcome is None:
        raise _unavailable("the answer has no `ketQua`, or one that is not known")
    _check_person(answer.person, look.fields)
    differing = {name for name in _compared(look.fields) if name not in answer.agreeing}
    if bool(differing) == (outcome == MATCH):
        _contradict("`ketQua` and `truongKhop` do not say the same")
    return outcome


def _compared(fields: Mapping[str, str]) -> set[str]:
    return {told for ours, told in _COMPARED.items() if ours in fields}


def _check_person(person: _Person | None, fields: Mapping[str, Any]) -> None:
    """An answer about somebody else is worse than none."""
    if person is None:
        return
    for ours, theirs in (("soDinhDanh", person.number), ("soCMND", person.old_number)):
        if ours in fields and theirs != fields[ours]:
            _contradict("it is about another person")


def _contradict(how: str) -> NoReturn:
    raise _unavailable(f"the answer contradicts itself: {how}")


def _unavailable(why: str) -> PartnerUnavailable:
    return PartnerUnavailable(f"{WHAT}: {why}", may_have_acted=True)


def _folded(text: str | None) -> str:
    return normalize("NFC", text or "").casefold()
