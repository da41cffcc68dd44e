"""Cut a byte stream into physical lines, with bounded memory: one that is too long comes out with its fault."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from io import BufferedReader
from typing import NamedTuple

from bus.errors import ConfigError, ContractError, Unreadable

MAX_ROW_BYTES = 512 * 1024
_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff")

Decode = Callable[[bytes], str]


class Line(NamedTuple):
    """A physical line or several joined: its bytes without the line's end, and the number of its first line.

    ``closed`` tells that its end was there: where it was not, more of it may be written yet. ``digest`` is that of
    all its bytes where ``raw`` has only the head.
    """

    raw: bytes
    number: int
    closed: bool = True
    fault: ContractError | None = None
    digest: bytes | None = None


class Mark(NamedTuple):
    """A place between two lines: the bytes and the lines before it."""

    offset: int
    lines: int


class Lines:
    """A file's lines from a mark on, up to byte ``end`` if that is given."""

    def __init__(self, file: BufferedReader, start: Mark, end: int | None = None) -> None:
        self._file, self._offset, self._count = file, start.offset, start.lines
        self._end = sys.maxsize if end is None else end
        file.seek(start.offset)

    def mark(self) -> Mark:
        """Return the place before the next line."""
        return Mark(self._offset, self._count)

    def back_to(self, mark: Mark) -> None:
        """Go on from ``mark`` again."""
        self._file.seek(mark.offset)
        self._offset, self._count = mark

    def take(self) -> Line | None:
        """Return the next physical line, or None at the end."""
        if self._offset >= self._end:
            return None
        raw = self._file.readline(min(MAX_ROW_BYTES + 2, self._end - self._offset))
        if not raw:
            return None
        self._count += 1
        if raw.endswith(b"\n"):
            self._offset += len(raw)
            return Line(raw[:-2] if raw.endswith(b"\r\n") else raw[:-1], self._count)
        if len(raw) <= MAX_ROW_BYTES:
            self._offset += len(raw)
            return Line(raw, self._count, closed=False)
        return self._oversize(raw)

    def _oversize(self, head: bytes) -> Line:
        """Read over a line that is too long, keeping only its head, its size and its digest."""
        digest, size, closed = hashlib.sha256(), 0, False
        piece = head
        while piece:
            size += len(piece)
            closed = piece.endswith(b"\n")
            digest.update(piece)
            if closed:
                break
            piece = self._file.readline(min(_PIECE_BYTES, self._end - self._offset - size))
        self._offset += size
        fault = Unreadable(
            f"the line has {size} bytes, over the limit of {MAX_ROW_BYTES} (sha256 {digest.hexdigest()})",
            hint=f"Its first {_HEAD_BYTES} bytes are kept here, the rest stands in the file; correct it there.",
        )
        return Line(head[:_HEAD_BYTES], self._count, closed, fault, digest.digest())


def first_mark(file: BufferedReader) -> Mark:
    """Return where a file's text begins, behind a byte order mark.

    Raises :class:`~bus.errors.ConfigError` for UTF-16.
    """
    file.seek(0)
    head = file.read(len(_BOM))
    if head.startswith(_WIDE_BOMS):
        raise ConfigError("the file is UTF-16", hint="Export it as UTF-8.")
    return Mark(len(_BOM) if head == _BOM else 0, 0)


def decoder(encoding: str) -> Decode:
    """Return the function that makes text of a record's bytes; it raises :class:`~bus.errors.Unreadable`."""

    def decode(raw: bytes) -> str:
        if b"\0" in raw:
            raise Unreadable("the row holds a NUL byte", hint="Export the file again as plain text.")
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"byte {error.start + 1} of the row is not {encoding}",
                hint="Set `files: encoding:` to what the export writes, or correct that row in the file.",
            ) from error

    return decode
