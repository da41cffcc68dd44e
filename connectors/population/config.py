"""The configuration of one population database: read and checked whole before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from connectors import config
from connectors.config import Endpoint, Name, Seconds, Secret, Text

Header = Annotated[str, Meta(pattern="^[!-~]*$", max_length=200)]
Agency = Annotated[str, Meta(pattern=r"^[0-9A-Z.]+$", max_length=35)]


class Config(Struct, frozen=True, kw_only=True):
    """What ``population.yaml`` says; README.md has a line for each."""

    base_url: Text
    username: Text
    secret: Text
    unit: Agency
    name: Name = "population"
    endpoint: Endpoint = "/XacThucThongTinCongDan"
    signed_url: str = ""
    agency: Agency = "G01"
    api_key: str = ""
    xroad_client: Header = ""
    connect_timeout_s: Seconds = 5.0
    read_timeout_s: Seconds = 30.0
    ca_file: str = ""
    allow_http: bool = False


class Settings(Struct, frozen=True, kw_only=True):
    """A checked configuration with its secrets resolved."""

    config: Config
    username: Secret
    secret: Secret
    api_key: Secret | None
    ca_file: Path | None


def load(file: Path) -> Settings:
    """Read and check a configuration file. Raises :class:`~bus.errors.ConfigError` with the key, never a value."""
    given = config.load(file, Config)
    config.check_url(file, "base_url", given.base_url, allow_http=given.allow_http)
    if given.signed_url:
        config.check_url(file, "signed_url", given.signed_url, allow_http=True)  # it is never called
    return Settings(
        config=given,
        username=config.resolved(file, "username", given.username),
        secret=config.secret(file, "secret", given.secret),
        api_key=config.secret(file, "api_key", given.api_key) if given.api_key else None,
        ca_file=config.existing(file, "ca_file", given.ca_file),
    )
