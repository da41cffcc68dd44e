"""The demo's folder: what it holds stands in ``demo.json``, so that the same command goes on where it was.

A seed and a number of dossiers that only grows, and the ports that were chosen once: payments carry links to them.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import SystemRandom

import msgspec
from msgspec import Struct

from bus.errors import ConfigError
from connectors.demo import configs
from connectors.demo.stores import PARTNERS

MARK = "demo.json"
_NAMES = (*PARTNERS, "hooks")
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
"""Below those that systems give to outgoing connections: one of these might take a port between two runs."""

_PATIENCE_S = 3.0


class OtherDemo(ConfigError):
    """The folder holds a demo of another seed, or something that is no demo: they would mix."""

    code = "LT-E1002"
    exit_code = 9


class Home(Struct, frozen=True, kw_only=True):
    """What ``demo.json`` says."""

    seed: int
    dossiers: int
    ports: Mapping[str, int] = {}

    def url(self, name: str) -> str:
        """Return where a partner, or the door for notices, is reached."""
        return f"http://127.0.0.1:{self.ports[name]}"


def find_home(data: Path) -> Home | None:
    """Return what the demo in this folder is; None where there is none. Raises :class:`OtherDemo`."""
    file = data / MARK
    if not file.exists():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=Home)
    except msgspec.DecodeError as error:
        raise OtherDemo(f"{file} is not the demo's", hint="Take another folder with `--data`.") from error


def prepare(data: Path, seed: int, dossiers: int) -> Home:
    """Make the demo's home, or bring it up: more dossiers, ports that are free, and the configurations.

    Raises :class:`OtherDemo`. May be repeated.
    """
    known = find_home(data)
    _check(data, known, seed)
    ports = {} if known is None else known.ports
    home = Home(
        seed=seed,
        dossiers=max(dossiers, 0 if known is None else known.dossiers),
        ports=dict(zip(_NAMES, _ports(ports), strict=True)),
    )
    make_folder(data)
    _replace(data / MARK, json.dumps(msgspec.to_builtins(home), indent=1) + "\n")
    make_folder(data / "simulators")
    make_folder(data / "connectors")
    for name, text in configs.files(home).items():
        _replace(data / "connectors" / name, text)
    return home


def make_folder(folder: Path) -> None:
    """Make a folder for its owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def is_free(port: int) -> bool:
    """Tell whether nobody listens at a port of the loopback."""
    with closing(socket.socket()) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: what was closed is free
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _check(data: Path, known: Home | None, seed: int) -> None:
    if known is None and any((data / name).exists() for name in ("bus.db", "connectors")):
        raise OtherDemo(f"{data} holds data that are not the demo's", hint="Take another folder with `--data`.")
    if known is not None and known.seed != seed:
        raise OtherDemo(
            f"{data} holds a demo of seed {known.seed}, not {seed}",
            hint=f"Say `--seed {known.seed}`, or take another folder with `--data`.",
        )


def _ports(known: Mapping[str, int]) -> Iterator[int]:
    """Yield a free port for each name: the one that it had, unless somebody else has taken it meanwhile."""
    until = time.monotonic() + _PATIENCE_S
    taken = set(known.values())
    for name in _NAMES:
        port = known.get(name)
        while port is not None and not is_free(port) and time.monotonic() < until:
            time.sleep(0.05)  # a process of a run that was killed just now is on its way out
        if port is None or not is_free(port):
            port = _draw(taken)
        taken.add(port)
        yield port


def _draw(taken: set[int]) -> int:
    while True:
        port = SystemRandom().randrange(_FIRST_PORT, _LAST_PORT)
        if port not in taken and is_free(port):
            return port


def _replace(file: Path, text: str) -> None:
    """Write a file for its owner only, whole or not at all."""
    growing = file.with_name(f".{file.name}.writing")
    descriptor = os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    growing.replace(file)
