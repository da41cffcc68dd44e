"""Structured logs: one event a line, JSON for machines and a plain line for people.

An event is a sentence with facts beside it: ``tell(log, INFO, "a page was committed", group="…", count=500)``.
Facts are names, places, codes and counts: never personal data, never a payload. For the same reason an exception
that is not one of ours is told by its type and where it was raised; its own text may quote what it choked on.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from bus.errors import LienthongError

ROOT = "lienthong"
_FACTS = "lienthong_facts"
_MOST_FRAMES = 20


def logger(name: str) -> logging.Logger:
    """Return the logger of a part, as ``bus.consumer``; all stand below :data:`ROOT`."""
    return logging.getLogger(f"{ROOT}.{name}")


def tell(log: logging.Logger, level: int, event: str, /, **facts: object) -> None:
    """Log one event with its facts; nothing is formatted where nobody listens."""
    if log.isEnabledFor(level):
        log.log(level, event, extra={_FACTS: facts}, stacklevel=2)


def configure(form: str = "auto", *, stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send our logs to ``stream`` (stderr if None): ``json``, ``text``, or by what the stream is. May be repeated."""
    target = sys.stderr if stream is None else stream
    is_json = form == "json" or (form == "auto" and not target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(JsonFormatter() if is_json else TextFormatter())
    root = logging.getLogger(ROOT)
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False


class JsonFormatter(logging.Formatter):
    """One JSON object a line: ``time level logger event``, then the facts, then ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = facts_of(record)
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name if name not in line else f"{name}_": value for name, value in facts.items()}
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """A line for a person: ``09:15:00 WARNING a page was buried: group=… place=…``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = facts_of(record)
        told = " ".join(f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in facts.items())
        head = f"{_time(record)[11:19]} {record.levelname} {record.getMessage()}"
        return _one_line(f"{head}: {told}" if told else head)


def facts_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return an event's facts, an exception told among them as ``error``."""
    facts: dict[str, object] = dict(getattr(record, _FACTS, {}))
    if record.exc_info and record.exc_info[1] is not None:
        facts["error"] = told_error(record.exc_info[1], record.exc_info[2])
    return facts


def told_error(error: BaseException, trace: TracebackType | None = None) -> Mapping[str, object]:
    """Return what may be said of an exception.

    >>> told_error(KeyError("Nguyễn Văn A"))
    {'type': 'KeyError', 'at': []}
    """
    if isinstance(error, LienthongError):
        return {"type": type(error).__name__, "code": error.code, "message": str(error)}
    frames = traceback.extract_tb(trace or error.__traceback__)[-_MOST_FRAMES:]
    return {"type": type(error).__name__, "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
