"""From what a plan says of its target to the target."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from bus.cli.session import Session
from bus.errors import ConfigError
from replay.runs.plan import TargetSpec
from replay.runs.target import Target


def open_target(session: Session, spec: TargetSpec, rest: Callable[[float], None]) -> Target:
    """Return the target, not yet begun; it waits by ``rest``, in seconds. Raises :class:`~bus.errors.ConfigError`."""
    match spec.kind:
        case "avro":
            from replay.runs.targets.container import Container

            return Container(Path(spec.where), spec.codec)
        case "jsonl":
            from replay.runs.targets.lines import Lines

            return Lines(Path(spec.where), session.wire)
        case "topic":
            from replay.runs.targets.topic import Topic

            return Topic(session.standing_engine.log, spec.where)
        case "http":
            from replay.runs.targets.endpoint import Endpoint, Manner

            token = None if spec.token is None else secret_of(spec.token)
            manner = Manner(sleep=rest, ca_file=None if spec.ca_file is None else Path(spec.ca_file))
            return Endpoint(spec.where, session.wire, token=token, allow_http=spec.allow_http, manner=manner)


def secret_of(reference: str) -> str:
    """Return what ``env:NAME`` or ``file:PATH`` refers to. Raises ConfigError, which never tells it."""
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        if name not in os.environ:
            raise ConfigError(f"the token refers to ${name}, which is not set", hint="Set that variable.")
        return os.environ[name]
    if kind == "file" and name:
        try:
            return Path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            hint = "Name a file with nothing but the token in it, which this user may read."
            raise ConfigError(f"the token refers to {name}, which cannot be read: {reason}", hint=hint) from error
    raise ConfigError("a token is told as `env:NAME` or `file:PATH`, never itself", hint="Set a variable, and name it.")
