"""The configuration of a payment connector: one gateway or both, and its patience."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from bus.errors import ConfigError
from connectors import config
from connectors.config import Endpoint, Name, Seconds, Secret, Text

DVCQG = "DVCQG"
VNPAY = "VNPAY"


class Platform(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``dvcqg``: our account at the national payment platform."""

    base_url: Text
    partner: Text
    secret: Text
    endpoint: Endpoint = "/payment"
    bank: str = ""
    ip: Text = "127.0.0.1"


class Vnpay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``vnpay``: our terminal at VNPay."""

    base_url: Text
    terminal: Text
    secret: Text
    return_url: Text
    pay_endpoint: Endpoint = "/paymentv2/vpcpay.html"
    query_endpoint: Endpoint = "/merchant_webapi/api/transaction"
    ip: Text = "127.0.0.1"


class Config(Struct, frozen=True, kw_only=True):
    """What ``payment.yaml`` says; README.md has a line for each."""

    agency: Text
    dvcqg: Platform | None = None
    vnpay: Vnpay | None = None
    name: Name = "payment"
    online_methods: tuple[str, ...] = ("truc-tuyen",)
    notice_window_h: Annotated[float, Meta(ge=0, le=24 * 366)] = 72.0
    settles_after_s: Annotated[float, Meta(ge=0, le=3600)] = 10.0
    interval_s: Seconds = 30.0
    silent_after_s: Annotated[float, Meta(gt=0, le=86_400)] = 300.0
    longest_rest_s: Annotated[float, Meta(gt=0, le=86_400)] = 3600.0
    gives_up_after_h: Annotated[float, Meta(gt=0, le=24 * 366)] = 24.0
    connect_timeout_s: Seconds = 5.0
    read_timeout_s: Seconds = 30.0
    ca_file: str = ""
    allow_http: bool = False


class Settings(Struct, frozen=True, kw_only=True):
    """A checked configuration with its secrets followed; a gateway without settings has an empty secret."""

    config: Config
    platform_secret: Secret
    vnpay_secret: Secret
    ca_file: Path | None = None


def load(file: Path) -> Settings:
    """Read and check a configuration file. Raises :class:`~bus.errors.ConfigError` with the key, never a value."""
    read = config.load(file, Config)
    if read.dvcqg is None and read.vnpay is None:
        raise ConfigError(f"{file} names no gateway", hint="Give `dvcqg`, `vnpay`, or both.")
    if read.silent_after_s > read.gives_up_after_h * 3600:
        raise ConfigError(f"{file}: `silent_after_s` is longer than `gives_up_after_h`")
    return Settings(
        config=read,
        platform_secret=_secret(file, "dvcqg", read.dvcqg, read),
        vnpay_secret=_secret(file, "vnpay", read.vnpay, read),
        ca_file=config.existing(file, "ca_file", read.ca_file),
    )


def _secret(file: Path, key: str, gateway: Platform | Vnpay | None, read: Config) -> Secret:
    if gateway is None:
        return Secret("")
    config.check_url(file, f"{key}.base_url", gateway.base_url, allow_http=read.allow_http)
    return config.secret(file, f"{key}.secret", gateway.secret)
