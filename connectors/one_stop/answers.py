"""What the partner's answer means. Pure: code and text are judged together, because real systems let them disagree."""

from __future__ import annotations

from enum import Enum, auto
from unicodedata import normalize

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


class Meaning(Enum):
    """What to do with an answer."""

    DONE = auto()
    EXISTS = auto()
    SESSION_OVER = auto()
    BUSY = auto()
    CONTRADICTS_ITSELF = auto()
    NOT_THIS_ONE = auto()
    REFUSED = auto()


class Answer(Struct, frozen=True, kw_only=True):
    """The partner's envelope. ``data`` are whole items, as the bytes that came."""

    error_code: int | str | None = None
    message: str | None = None
    session: str | None = None
    data: list[Raw] | UnsetType | None = UNSET
    more: bool | UnsetType = msgspec.field(default=UNSET, name="ConNua")


_DONE = ("0", "00")
_BUSY = ("-1",)
_SESSION_OVER = ("-2",)
_EXISTS = ("0", "3", "-3")
_NOT_THIS_ONE = ("-6", "-7")


def code_of(answer: Answer) -> str:
    """Return the code as text; empty where there is none."""
    return "" if answer.error_code is None else str(answer.error_code).strip()


def meaning(answer: Answer) -> Meaning:
    """Judge by code and text together; success needs both not to speak against it.

    >>> meaning(Answer(error_code="00", message="Thành công"))
    <Meaning.DONE: 1>
    >>> meaning(Answer(error_code=0, message="Lỗi kết nối cơ sở dữ liệu"))
    <Meaning.CONTRADICTS_ITSELF: 5>
    >>> meaning(Answer(error_code="-3", message="Hồ sơ đã tồn tại"))
    <Meaning.EXISTS: 2>
    """
    code, text = code_of(answer), _folded(answer.message)
    if code in _SESSION_OVER or ("phiên" in text and "hết hạn" in text):
        return Meaning.SESSION_OVER
    if code in _EXISTS and "đã tồn tại" in text:
        return Meaning.EXISTS
    says_done = "thành công" in text and "không thành công" not in text
    if code in _DONE:
        return Meaning.DONE if says_done or not text else Meaning.CONTRADICTS_ITSELF
    if not code:
        return Meaning.DONE if says_done else Meaning.CONTRADICTS_ITSELF
    if says_done:
        return Meaning.CONTRADICTS_ITSELF
    if code in _NOT_THIS_ONE:
        return Meaning.NOT_THIS_ONE
    return Meaning.BUSY if code in _BUSY else Meaning.REFUSED


def _folded(text: str | None) -> str:
    return normalize("NFC", text or "").strip().casefold()
