"""Configurations of connectors: YAML, read and checked whole before anything starts. The only reader of YAML but one.

A secret is a reference, ``env:NAME`` or ``file:PATH``; what it gives is held in a :class:`Secret`, which never prints.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import yaml
from msgspec import Meta, Struct

from bus.addresses import check_address
from bus.errors import ConfigError
from bus.nearest import did_you_mean

_MAX_FILE_BYTES = 64 * 1024

Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9.-]{0,63}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Endpoint = Annotated[str, Meta(pattern="^/[^?#]*$", max_length=200)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]
T = TypeVar("T", bound=Struct)


class Secret:
    """A text that no log, traceback or answer shows."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text: for the call to the partner, or the signature, alone."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"


def load(file: Path, kind: type[T]) -> T:
    """Read a configuration file into ``kind``. Raises :class:`~bus.errors.ConfigError` with the key, never a value."""
    given = _read(file)
    for name in given:
        if name not in kind.__struct_fields__:
            hint = did_you_mean(name, kind.__struct_fields__, cutoff=0.0)
            raise ConfigError(f"{file} has an unknown key `{name}`", hint=hint)
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        why, hint = _without_value(str(error)), "The connector's README.md has a line for each key."
    raise ConfigError(f"{file}: {why}", hint=hint)


def _without_value(why: str) -> str:
    """Return msgspec's sentence; of a value that is none of a few it quotes what stands there."""
    _, is_quoted, place = why.rpartition(" - at ") if why.startswith("Invalid enum value") else ("", "", "")
    return f"Not one of the values that are known - at {place}" if is_quoted else why


def check_url(file: Path, key: str, url: str, *, allow_http: bool = False) -> None:
    """Refuse what is no plain http address, and http that leaves this machine. Raises ConfigError."""
    check_address(f"{file}: `{key}`", url, allow_http=allow_http, allowing="`allow_http: true`")


def secret(file: Path, key: str, value: str) -> Secret:
    """Follow the reference to a secret; one in clear is refused. Raises ConfigError."""
    if not value.startswith(("env:", "file:")):
        raise ConfigError(
            f"{file}: `{key}` stands there in clear",
            hint=f"Put it elsewhere and refer to it: `{key}: file:{key}.secret` or `{key}: env:NAME`.",
        )
    return resolved(file, key, value)


def resolved(file: Path, key: str, value: str, environ: Mapping[str, str] | None = None) -> Secret:
    """Follow a reference if it is one; else the value is the text itself. Raises ConfigError."""
    if value.startswith("env:"):
        variable = value.removeprefix("env:")
        text = (os.environ if environ is None else environ).get(variable, "").strip()
        if not text:  # nor a blank one: with that for a key, anybody could sign
            raise ConfigError(f"{file}: `{key}` refers to ${variable}, which is not set", hint="Set that variable.")
        return Secret(text)
    if value.startswith("file:"):
        return Secret(_from_file(file, key, value.removeprefix("file:")))
    return Secret(value)


def existing(file: Path, key: str, value: str) -> Path | None:
    """Return the file that a key names, from the configuration's folder; None for an empty one. Raises ConfigError."""
    if not value:
        return None
    path = file.parent / value
    if not path.is_file():
        raise ConfigError(f"{file}: `{key}` names a file that is not there", hint="Paths are meant from its folder.")
    return path


def _from_file(file: Path, key: str, name: str) -> str:
    try:
        text = (file.parent / name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = f"{file}: `{key}` refers to a file that cannot be read"
        raise ConfigError(why, hint="Relative paths are meant from the configuration's folder.") from error
    if not text:
        raise ConfigError(f"{file}: `{key}` refers to an empty file", hint="Write the secret there.")
    return text


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    if len(raw) > _MAX_FILE_BYTES:
        raise ConfigError(f"{file} is over {_MAX_FILE_BYTES // 1024} KiB", hint="Is it really a configuration?")
    given = _parsed(file, raw)
    if not isinstance(given, dict):
        raise ConfigError(f"{file} has no keys", hint="The connector's README.md shows a whole configuration.")
    return {str(name): value for name, value in given.items()}


def _parsed(file: Path, raw: bytes) -> Any:
    """Return what YAML tells. No error quotes it, nor has a cause that does: a password in clear may stand there."""
    try:
        return yaml.load(raw, _Loader)  # noqa: S506 - it is the safe loader
    except _Twice as error:
        why = f"{_line(file, error)} gives the key `{error.problem}` a second time"
        hint = "Leave one of them away."
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        # The library lets through what its own constructors meet: the 31st of a month that has 30 days.
        why, hint = f"{_line(file, error)} is not YAML", "Write one `key: value` a line."
    raise ConfigError(why, hint=hint)


def _line(file: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{file} line {mark.line + 1}" if mark else str(file)


class _Twice(yaml.MarkedYAMLError):
    """A key is given twice, and the last would silently count."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping, each of whose keys stands there once."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _Twice(problem=key.value, problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)
