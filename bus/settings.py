"""Settings: one ``lienthong.toml`` and ``LIENTHONG_*`` environment variables, which overrule it.

Everything is checked before anything starts: an unknown name is an error that tells the nearest right one.
A value may be a reference, ``file:/run/secrets/registry-url`` or ``env:NAME``, so that no secret stands in the file;
what a reference gives is never printed (:func:`shown`).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from bus.errors import ConfigError
from bus.nearest import did_you_mean

FILE_NAME = "lienthong.toml"
PREFIX = "LIENTHONG_"
_MAX_FILE_BYTES = 64 * 1024
_NOT_SETTINGS = "LIENTHONG_TEST_"  # the test suite's own switches


class Settings(Struct, frozen=True, kw_only=True):
    """Where data lives and how the bus behaves. URLs name a store by its scheme.

    ``transport`` is the log, ``registry`` the schemas, ``ledger`` what connectors delivered, ``index`` where
    events of a person or a dossier stand, ``index_key`` the key under which it hides them. ``codec`` is
    ``generated`` or ``fallback``; ``wake`` is ``auto`` or ``poll``; ``inbox_days`` is how long an event id is
    remembered; ``hooks_host`` and ``hooks_port`` are where partners' notices are taken; ``zone`` and ``lang`` shape
    what people read; ``log`` is ``auto``, ``json`` or ``text``.
    """

    data: Path
    transport: str
    registry: str
    ledger: str
    index: str
    index_key: Path
    codec: str = "generated"
    wake: str = "auto"
    inbox_days: int = 400
    hooks_host: str = "127.0.0.1"
    hooks_port: Annotated[int, Meta(ge=0, le=65535)] = 8470
    zone: str = "Asia/Ho_Chi_Minh"
    lang: str = ""
    log: str = "auto"
    origin: str = "defaults"


_NAMES = tuple(name for name in Settings.__struct_fields__ if name != "origin")
_PLACES = ("data", "transport", "registry", "ledger", "index", "index_key")
_PASSWORD = re.compile(r"(://[^:/@]*:).*(?=@)|([?&]password=)[^&]*", re.IGNORECASE)
_CHOICES = {
    "codec": ("generated", "fallback"),
    "wake": ("auto", "poll"),
    "lang": ("", "vi", "en"),
    "log": ("auto", "json", "text"),
}


def load(environ: Mapping[str, str] | None = None, start: Path | None = None, *, data: Path | None = None) -> Settings:
    """Return the settings that hold in folder ``start`` (the current one if None).

    ``data`` overrules both file and environment, as ``--data`` on the command line does.
    Raises :class:`~bus.errors.ConfigError`.
    """
    file = find_file(start or Path.cwd())
    given = {} if file is None else _from_file(file)
    given |= _from_environment(os.environ if environ is None else environ)
    if data is not None:
        given["data"] = str(data)
    return _settled(given, file)


def elsewhere(settings: Settings, data: Path) -> Settings:
    """Return the same habits (codec, zone, language…) with every store in the folder ``data``."""
    habits = {name: str(getattr(settings, name)) for name in _NAMES if name not in _PLACES}
    return _settled(habits | {"data": str(data)}, None)


def find_file(start: Path) -> Path | None:
    """Return the nearest ``lienthong.toml``, in ``start`` or a folder above it."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
    return None


def shown(settings: Settings) -> dict[str, str]:
    """Return the settings for people's eyes: a URL's password is masked."""
    return {
        name: _PASSWORD.sub(lambda found: f"{found[1] or found[2]}***", str(getattr(settings, name))) for name in _NAMES
    }


def _from_file(file: Path) -> dict[str, Any]:
    if file.stat().st_size > _MAX_FILE_BYTES:
        raise ConfigError(f"{file} is over {_MAX_FILE_BYTES // 1024} KiB", hint="Is it really a settings file?")
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}", hint="Correct that line.") from error
    for name in given:
        _check_known(name, _NAMES, str(file))
    return {name: _in_folder(name, _plain(name, value, file), file.parent) for name, value in given.items()}


def _plain(name: str, value: object, file: Path) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ConfigError(f"`{name}` in {file} must be a text or a whole number", hint="Write it in quotes.")
    return str(value)


def _in_folder(name: str, value: str, folder: Path) -> str:
    """Relative paths in the file are meant from the file's folder."""
    if name in ("data", "index_key") and not value.startswith(("file:", "env:")):
        return str(folder / value)
    if re.match(r"sqlite:///[^/]", value):
        return f"sqlite:///{folder / value.removeprefix('sqlite:///')}"
    return value


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = [name for name in environ if name.startswith(PREFIX) and not name.startswith(_NOT_SETTINGS)]
    for name in names:
        _check_known(name, [PREFIX + known.upper() for known in _NAMES], "the environment")
    return {name.removeprefix(PREFIX).lower(): environ[name] for name in names}


def _check_known(name: str, known: tuple[str, ...] | list[str], where: str) -> None:
    if name not in known:
        raise ConfigError(f"{where} has an unknown setting `{name}`", hint=did_you_mean(name, known, cutoff=0.0))


def _settled(given: Mapping[str, Any], file: Path | None) -> Settings:
    base = Path.cwd() if file is None else file.parent
    values: dict[str, Any] = {name: _dereferenced(name, value) for name, value in given.items()}
    data = Path(values.get("data") or base / "var").absolute()
    defaults = {
        "data": data,
        "transport": f"sqlite:///{data / 'bus.db'}",
        "registry": f"sqlite:///{data / 'registry.db'}",
        "ledger": f"sqlite:///{data / 'connectors.db'}",
        "index": f"sqlite:///{data / 'index.db'}",
        "index_key": data / "index.key",
        "origin": "defaults" if file is None else str(file),
    }
    merged = defaults | values | {"data": data}
    for name, choices in _CHOICES.items():
        if merged.get(name, choices[0]) not in choices:
            allowed = ", ".join(f"`{choice}`" for choice in choices if choice)
            raise ConfigError(f"setting `{name}` is none of its choices", hint=f"Choose one of {allowed}.")
    try:
        return msgspec.convert(merged, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise ConfigError(f"the settings are wrong: {error}", hint="Correct that setting.") from error


def _dereferenced(name: str, value: str) -> str:
    """Follow ``file:`` and ``env:`` references; anything else is the value itself."""
    if value.startswith("env:"):
        variable = value.removeprefix("env:")
        if variable not in os.environ:
            raise ConfigError(f"setting `{name}` refers to ${variable}, which is not set", hint="Set that variable.")
        return os.environ[variable]
    if value.startswith("file:"):
        try:
            return Path(value.removeprefix("file:")).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"setting `{name}` refers to a file that cannot be read: {error.strerror}") from error
    return value
