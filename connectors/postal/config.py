"""The configuration of one postal service: read and checked whole before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from connectors import config
from connectors.config import Name, Seconds, Secret, Text

Statuses = Literal["VNPOST", "VNPOST-LEGACY", "item"]


class Config(Struct, frozen=True, kw_only=True):
    """What ``postal.yaml`` says; README.md has a line for each."""

    base_url: Text
    username: Text
    password: Text
    customers: Annotated[dict[Text, Statuses], Meta(min_length=1)]
    name: Name = "postal"
    agency: Text = "VNPOST"
    page_size: Annotated[int, Meta(ge=1, le=500)] = 200
    interval_s: Seconds = 60.0
    settles_after_s: Annotated[float, Meta(ge=0, le=3600)] = 10.0
    connect_timeout_s: Seconds = 5.0
    read_timeout_s: Seconds = 30.0
    ca_file: str = ""
    allow_http: bool = False

    @property
    def customer(self) -> str:
        """Whose orders they are, where an event does not say."""
        return next(iter(self.customers))


class Settings(Struct, frozen=True, kw_only=True):
    """A checked configuration with its secrets resolved."""

    config: Config
    username: Secret
    password: Secret
    ca_file: Path | None


def load(file: Path) -> Settings:
    """Read and check a configuration file. Raises :class:`~bus.errors.ConfigError` with the key, never a value."""
    given = config.load(file, Config)
    config.check_url(file, "base_url", given.base_url, allow_http=given.allow_http)
    return Settings(
        config=given,
        username=config.resolved(file, "username", given.username),
        password=config.secret(file, "password", given.password),
        ca_file=config.existing(file, "ca_file", given.ca_file),
    )
