"""The configuration of one one-stop system: read and checked whole before anything starts."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from bus.errors import ConfigError
from bus.nearest import did_you_mean
from connectors import config as common
from connectors.config import Endpoint, Name, Seconds, Secret, Text
from connectors.one_stop.feeds import FEEDS, USUAL


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
    feeds: tuple[str, ...] = USUAL
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
    confirmed_elsewhere: tuple[Text, ...] = ()
    deliver: bool = False
    settles_after_s: Annotated[float, Meta(ge=0, le=86_400)] = 60.0


class Settings(Struct, frozen=True, kw_only=True):
    """A checked configuration with its secrets resolved."""

    config: Config
    username: Secret
    password: Secret
    ca_file: Path | None


def load(file: Path) -> Settings:
    """Read and check a configuration file. Raises :class:`~bus.errors.ConfigError` with the key, never a value."""
    config = common.load(file, Config)
    common.check_url(file, "base_url", config.base_url, allow_http=config.allow_http)
    _check_feeds(config, file)
    return Settings(
        config=config,
        username=common.resolved(file, "username", config.username),
        password=common.secret(file, "password", config.password),
        ca_file=common.existing(file, "ca_file", config.ca_file),
    )


def _check_feeds(config: Config, file: Path) -> None:
    if not config.feeds or len(set(config.feeds)) < len(config.feeds):
        raise ConfigError(f"{file}: `feeds` is empty or names one twice", hint=f"Known: {', '.join(FEEDS)}.")
    for name in config.feeds:
        if name not in FEEDS:
            hint = did_you_mean(name, FEEDS, cutoff=0.0)
            raise ConfigError(f"{file}: `feeds` names an unknown one, `{name}`", hint=hint)
