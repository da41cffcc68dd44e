"""The configuration of one one-stop system: read and checked whole before anything starts.

A secret is a reference, ``env:NAME`` or ``file:PATH``; what it gives is held in a :class:`Secret`, which never prints.
"""

from __future__ import annotations

import difflib
import os
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec import Meta, Struct

from bus.errors import ConfigError
from connectors.one_stop.feeds import FEEDS

_MAX_FILE_BYTES = 64 * 1024

Name = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9.-]{0,63}$")]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Endpoint = Annotated[str, Meta(pattern="^/[^?#]*$", max_length=200)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Secret:
    """A text that no log, traceback or answer shows."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text: for the call to the partner alone."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"


class Config(Struct, frozen=True, kw_only=True):
    """What ``one-stop.yaml`` says; README.md has a line for each."""

    base_url: Text
    username: Text
    password: Text
    agency: Text
    name: Name = "one-stop"
    login_endpoint: Endpoint = "/auth"
    share_endpoint: Endpoint = "/share"
    dstcode: Annotated[str, Meta(pattern="^[!-~]*$", max_length=200)] = ""
    feeds: tuple[str, ...] = tuple(FEEDS)
    since: date = date(2000, 1, 1)
    page_size: Annotated[int, Meta(ge=1, le=500)] = 200
    interval_s: Seconds = 30.0
    overlap_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 600
    safety_lag_s: Annotated[int, Meta(ge=0, le=86_400)] = 60
    connect_timeout_s: Seconds = 5.0
    read_timeout_s: Seconds = 30.0
    max_answer_mb: Annotated[int, Meta(ge=1, le=64)] = 8
    ca_file: str = ""
    allow_http: bool = False
    applicant_kinds: Text = "ONE-STOP-PARTY"


class Settings(Struct, frozen=True, kw_only=True):
    """A checked configuration with its secrets resolved."""

    config: Config
    username: Secret
    password: Secret
    ca_file: Path | None


def load(file: Path) -> Settings:
    """Read and check a configuration file. Raises :class:`~bus.errors.ConfigError` with the key, never a value."""
    given = _read(file)
    _refuse_unknown(given, file)
    config = _converted(given, file)
    _check_url(config, file)
    _check_feeds(config, file)
    if not config.password.startswith(("env:", "file:")):
        raise ConfigError(
            f"{file}: `password` stands there in clear",
            hint="Put it elsewhere and refer to it: `password: file:one-stop.password` or `password: env:NAME`.",
        )
    return Settings(
        config=config,
        username=_resolved("username", config.username, file),
        password=_resolved("password", config.password, file),
        ca_file=_existing("ca_file", config.ca_file, file) if config.ca_file else None,
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    if len(raw) > _MAX_FILE_BYTES:
        raise ConfigError(f"{file} is over {_MAX_FILE_BYTES // 1024} KiB", hint="Is it really a configuration?")
    try:
        given = yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # The parser's own text quotes the line, and a password in clear may stand there.
        mark = getattr(error, "problem_mark", None)
        where = f"{file} line {mark.line + 1}" if mark else str(file)
        raise ConfigError(f"{where} is not YAML", hint="Write one `key: value` a line.") from None
    if not isinstance(given, dict):
        raise ConfigError(f"{file} has no keys", hint="connectors/one_stop/README.md shows a whole configuration.")
    return {str(name): value for name, value in given.items()}


def _refuse_unknown(given: dict[str, Any], file: Path) -> None:
    known = Config.__struct_fields__
    for name in given:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise ConfigError(f"{file} has an unknown key `{name}`", hint=f"Did you mean `{nearest[0]}`?")


def _converted(given: dict[str, Any], file: Path) -> Config:
    try:
        return msgspec.convert(given, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {error}", hint="connectors/one_stop/README.md has a line for each key.") from error


def _check_url(config: Config, file: Path) -> None:
    try:
        parts = urlsplit(config.base_url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ConfigError(f"{file}: `base_url` is not an address", hint="Write it as `https://host/path`.")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"{file}: `base_url` holds a name or a password", hint="Use `username` and `password`.")
    if parts.scheme == "http" and not config.allow_http and not _is_loopback(host):
        raise ConfigError(
            f"{file}: `base_url` would send the password and personal data unencrypted",
            hint="Use https, or say `allow_http: true` where the network itself is encrypted.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_feeds(config: Config, file: Path) -> None:
    if not config.feeds or len(set(config.feeds)) < len(config.feeds):
        raise ConfigError(f"{file}: `feeds` is empty or names one twice", hint=f"Known: {', '.join(FEEDS)}.")
    for name in config.feeds:
        if name not in FEEDS:
            nearest = difflib.get_close_matches(name, FEEDS, n=1, cutoff=0.0)
            raise ConfigError(f"{file}: `feeds` names an unknown one, `{name}`", hint=f"Did you mean `{nearest[0]}`?")


def _resolved(key: str, value: str, file: Path) -> Secret:
    """Follow a reference; a username may also be the text itself."""
    if value.startswith("env:"):
        variable = value.removeprefix("env:")
        text = os.environ.get(variable, "")
        if not text:
            raise ConfigError(f"{file}: `{key}` refers to ${variable}, which is not set", hint="Set that variable.")
        return Secret(text)
    if value.startswith("file:"):
        try:
            text = (file.parent / value.removeprefix("file:")).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = f"{file}: `{key}` refers to a file that cannot be read"
            raise ConfigError(why, hint="Relative paths are meant from the configuration's folder.") from error
        if not text:
            raise ConfigError(f"{file}: `{key}` refers to an empty file", hint="Write the secret there.")
        return Secret(text)
    return Secret(value)


def _existing(key: str, value: str, file: Path) -> Path:
    path = file.parent / value
    if not path.is_file():
        raise ConfigError(f"{file}: `{key}` names a file that is not there", hint="Paths are meant from its folder.")
    return path
