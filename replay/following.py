"""The index kept up with the log as a service, so that the first question after a large load need not wait.

The work is the one that a question does (:mod:`replay.index.lookup`), under the same lock: whoever comes first.
"""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from threading import Event

from bus import logs
from bus.cli.session import Session, sqlite_file
from bus.errors import LienthongError
from bus.settings import Settings
from bus.transports import stands
from replay.index.lookup import Index, open_index

_LOOK_S = 0.5
_REST_S = 0.5
"""News are gathered for so long: a question catches up by itself, and a write for each event would cost too much."""

_LOG = logs.logger("replay.following")


class _Stopped(Exception):
    """The run is to stop while it reads."""


def follow(settings: Settings, stop: Event) -> int:
    """Read into the index what the log has and what comes, until ``stop``; return how many records that were.

    A log that is not there yet is waited for; where the log, the index or its key is put in place anew, all are opened
    again. Raises LienthongError for what no waiting mends.
    """
    records = 0
    while not stop.is_set():
        try:
            if stands(settings.transport):
                records += _follow_these(settings, stop)
        except LienthongError as error:
            if not error.retriable:
                raise
            logs.tell(_LOG, logging.WARNING, "the index cannot follow now", code=error.code, message=str(error))
        stop.wait(_LOOK_S)
    return records


def _follow_these(settings: Settings, stop: Event) -> int:
    """Follow until ``stop``, or until one of the files is another; return how many records were read."""
    with closing(Session(settings)) as session:
        engine = session.standing_engine
        with closing(open_index(engine, session.wire, settings.index, settings.index_key)) as index:
            files, version, records = _files(settings), 0, 0
            while not stop.is_set() and _files(settings) == files:
                version = engine.log.wait(version, _LOOK_S)
                records += _catch_up(index, stop)
                stop.wait(_REST_S)
            return records


def _catch_up(index: Index, stop: Event) -> int:
    """Read what is new, and return how many records that were; a stop lets only the batch under way end."""
    records = 0

    def progress(done: int, _total: int) -> None:
        nonlocal records
        records = done
        if stop.is_set():
            raise _Stopped

    try:
        notes = index.keep_up(progress=progress)
    except _Stopped:
        return records
    for note in notes:
        logs.tell(_LOG, logging.WARNING, "a note on the index", note=note)
    return records


def _files(settings: Settings) -> list[tuple[int, int] | None]:
    """Return what tells the files that are open from others that are put in their place."""
    names = [sqlite_file(settings.transport), sqlite_file(settings.index), settings.index_key]
    return [None if name is None else _identity(name) for name in names]


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
