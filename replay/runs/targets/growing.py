"""A file that grows beside its name and is given it at the end: what targets share that are files.

All is written to ``NAME.partial``, readable by its owner only, since records name people. Nothing that stands at either
name and is not this run's is ever written to; ``sign`` tells whose a file is: each of a run's begins with it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from bus.errors import Claimed, ConfigError, LienthongError, StorageFull, TargetDiffers
from replay.runs.target import Room

SUFFIX = ".partial"
ROOM = Room(records=10_000, bytes=8 * 1024 * 1024)
"""Of every target that is a file: a flush for each costs little beside so much."""

_TAIL = 4096
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_IN_THE_WAY = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.EISDIR, errno.ELOOP}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_OTHER_NAME = "Move it away, or make a plan for another file: `lienthong replay plan`."
_LOST = "What this run had written is not there any more: make the plan anew, `lienthong replay plan`."


class Kept(Struct, frozen=True, kw_only=True):
    """What the mark says: how long the file was when it was settled, and the CRC-32 of its last 4 KiB."""

    length: int = 0
    tail: int = 0


class Growing:
    """One run's file. Belongs to one thread, and by a lock of the kernel to one process.

    Every method raises :class:`~bus.errors.StorageFull` where there is no room, and other errors of ours for what else
    goes wrong with files; then the run can be run again, and goes on behind its last mark.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path.with_name(path.name + SUFFIX)
        self.length = 0
        self._mark = b""
        self._descriptor: int | None = None

    def begin(self, sign: bytes, mark: bytes | None) -> None:
        """Go on behind ``mark``, and forget what was written behind it; None begins anew. Called once, first.

        Raises :class:`~bus.errors.TargetDiffers` where another's file is in the way, or this run's is not as the mark
        says; :class:`~bus.errors.Claimed` while another process writes it.
        """
        kept = Kept() if mark is None else _read(mark)
        self.length, self._mark = kept.length, mark or b""
        with file_errors(self.path):
            if self._is_finished(sign, None if mark is None else kept):
                return
        with file_errors(self.partial):
            descriptor = self._descriptor = self._open(kept)
            self._check(descriptor, sign, kept)
            os.fchmod(descriptor, 0o600)
            os.ftruncate(descriptor, kept.length)
            os.lseek(descriptor, kept.length, os.SEEK_SET)

    def write(self, data: bytes) -> None:
        """Write on, whole."""
        left = memoryview(data)
        with file_errors(self.partial):
            while left:
                left = left[os.write(self._open_descriptor, left) :]
        self.length += len(data)

    def settle(self) -> bytes:
        """Make safe what was written, and return the mark of it."""
        if self._descriptor is not None:
            with file_errors(self.partial):
                os.fsync(self._descriptor)
                self._mark = msgspec.json.encode(Kept(length=self.length, tail=_tail(self._descriptor, self.length)))
        return self._mark

    def finish(self) -> None:
        """Give the file its name. May be repeated, also behind a ``begin`` with the last mark by another process.

        Raises :class:`~bus.errors.TargetDiffers` where something has come to stand there meanwhile.
        """
        if self._descriptor is None:
            return
        with file_errors(self.path):
            os.fsync(self._descriptor)
            if not _is_at(self.partial, os.fstat(self._descriptor)):
                raise TargetDiffers(f"{self.partial} was moved or deleted while it was written", hint=_LOST)
            _give_name(self.partial, self.path)
            _sync_folder(self.path.parent)
        self.close()

    def close(self) -> None:
        """Let the file go, as it is. May be repeated."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    @property
    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise TargetDiffers(f"{self.path} is finished: nothing more can be written to it", hint=_OTHER_NAME)
        return self._descriptor

    def _is_finished(self, sign: bytes, kept: Kept | None) -> bool:
        """Tell whether the whole is there under its name; if it is there and longer than the mark, take its name away.

        It is longer where a run was killed before its last mark was kept, or where its log was put back.
        """
        found = _lstat(self.path)
        if found is None:
            return False
        if not _is_ours(self.path, found, sign, kept):
            raise TargetDiffers(f"{self.path} is there already, and it is not this run's", hint=_OTHER_NAME)
        if _is_at(self.partial, found):  # killed between its two names
            self.partial.unlink()
        if kept is not None and found.st_size == kept.length:
            return True
        _give_name(self.path, self.partial)
        return False

    def _open(self, kept: Kept) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        found = _lstat(self.partial)
        if found is not None:
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
                raise TargetDiffers(f"{self.partial} is no file of this user", hint=_OTHER_NAME)
            return os.open(self.partial, flags)
        if kept.length:
            raise TargetDiffers(f"{self.partial} is gone", hint=_LOST)
        descriptor = os.open(self.partial, flags | os.O_CREAT | os.O_EXCL, 0o600)
        _sync_folder(self.partial.parent)
        return descriptor

    def _check(self, descriptor: int, sign: bytes, kept: Kept) -> None:
        _lock(descriptor, self.partial)
        if not sign.startswith(os.pread(descriptor, len(sign), 0)):
            hint = "Run the plan that it belongs to, or move it away; `lienthong replay list` shows runs."
            raise TargetDiffers(f"{self.partial} is another run's, or nobody's that is known", hint=hint)
        size = os.fstat(descriptor).st_size
        if size < kept.length:
            raise TargetDiffers(f"{self.partial} has {size} bytes, and {kept.length} were settled", hint=_LOST)
        if _tail(descriptor, kept.length) != kept.tail:
            raise TargetDiffers(f"{self.partial} was changed before byte {kept.length}", hint=_LOST)


def check_free(path: Path) -> None:
    """Raise what a run that has not begun would meet: no folder, or something at the file's name or beside it.

    Looked at while planning, so that nobody waits for a run that cannot be; it is looked at again by the run.
    """
    with file_errors(path):
        path.parent.stat()
        for name in (path, path.with_name(path.name + SUFFIX)):
            if _lstat(name) is not None:
                raise TargetDiffers(f"{name} is there already", hint=_OTHER_NAME)


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Let no OSError out: each becomes one of ours, with the file and what to do."""
    try:
        yield
    except OSError as error:
        raise translated(error, path) from error


def translated(error: OSError, path: Path) -> LienthongError:
    """Return our error for one of the operating system's."""
    again = "then run the plan again: it goes on behind what was settled."
    if error.errno in _NO_ROOM:
        return StorageFull(f"{path}: no room to write", hint=f"Free some space there, {again}")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return ConfigError(f"the folder of {path} is not there", hint=f"Make it, {again}")
    reason = f"{path} cannot be written: {error.strerror}"
    if error.errno in _IN_THE_WAY:
        return ConfigError(reason, hint=f"See to the owner and the rights of the file and its folder, {again}")
    return LienthongError(reason, hint=f"See to the disk, {again}")


def _read(mark: bytes) -> Kept:
    try:
        return msgspec.json.decode(mark, type=Kept)
    except msgspec.DecodeError as error:
        raise TargetDiffers("the run's bookmark is none of a file", hint=_LOST) from error


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _is_at(path: Path, facts: os.stat_result) -> bool:
    """Tell whether a name is that of one very file."""
    found = _lstat(path)
    return found is not None and os.path.samestat(found, facts)


def _is_ours(path: Path, found: os.stat_result, sign: bytes, kept: Kept | None) -> bool:
    """Tell whether this run has put there what stands at the final name: its sign, and all up to its mark.

    A run of nothing may have left an empty file, and so may somebody else: there is nothing in it to lose.
    """
    if not stat.S_ISREG(found.st_mode) or (kept is not None and found.st_size < kept.length):
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        start = os.pread(descriptor, len(sign), 0)
        is_as_it_was = kept is None or _tail(descriptor, kept.length) == kept.tail
        return is_as_it_was and (start == sign or found.st_size == 0)
    finally:
        os.close(descriptor)


def _tail(descriptor: int, length: int) -> int:
    first = max(0, length - _TAIL)
    return zlib.crc32(os.pread(descriptor, length - first, first))


def _lock(descriptor: int, path: Path) -> None:
    """Take the file for this process: one that was stopped, and overtaken, would write between our own bytes."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN):
            raise
        raise Claimed(f"another process is writing {path}") from error


def _give_name(path: Path, name: Path) -> None:
    """Rename a file, but never over another one."""
    try:
        os.link(path, name, follow_symlinks=False)
    except FileExistsError:
        raise TargetDiffers(f"{name} is there already, and it is not this run's", hint=_OTHER_NAME) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename(path, name)
    else:
        path.unlink()


def _rename(path: Path, name: Path) -> None:
    """Rename where the file system knows no second names, as on a USB stick; between look and act is a moment."""
    if _lstat(name) is not None:
        raise TargetDiffers(f"{name} is there already, and it is not this run's", hint=_OTHER_NAME)
    path.rename(name)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
