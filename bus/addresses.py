"""Addresses of partners and receivers: which may be called at all. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from bus.errors import ConfigError


def check_address(named: str, url: str, *, allow_http: bool = False, allowing: str) -> SplitResult:
    """Return the parts of a plain http address.

    ``named`` says in errors which address is meant, ``allowing`` how http that leaves this machine is allowed. Raises
    :class:`~bus.errors.ConfigError`, which never holds the address: a secret may stand in it.
    """
    parts, host = _split(url)
    is_plain = host and url.isprintable() and " " not in url and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not is_plain:
        raise ConfigError(f"{named} is not an address", hint="Write it as `https://host/path`.")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(f"{named} holds a name or a password", hint="Secrets have keys of their own.")
    if parts.scheme == "http" and not allow_http and not _is_loopback(host):
        raise ConfigError(
            f"{named} would send secrets and personal data unencrypted",
            hint=f"Use https, or say {allowing} where the network itself is encrypted.",
        )
    return parts


def _split(url: str) -> tuple[SplitResult, str]:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a wrong one is found out when it is asked for
        return parts, parts.hostname or ""
    except ValueError:
        return urlsplit(""), ""


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
