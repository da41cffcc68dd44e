"""What a demo's folder needs beside the runtime and the index: the partners' simulators, and the agencies."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from bus.services import Service, command
from bus.settings import Settings
from connectors.demo.home import Home, find_home
from connectors.demo.stores import AGENCIES

FIRST_DOSSIER = "000.00.04.H31-250626-0001"
"""The dossier whose story is told, of every seed. Its mother is who she says she is, so that there is a story."""


def services(settings: Settings) -> Sequence[Service]:
    """Return them; none where the folder holds no demo. Notices are sent to where ``settings`` have the door."""
    home = find_home(settings.data)
    if home is None:
        return []
    notify = f"http://127.0.0.1:{settings.hooks_port}/hooks/payment"
    return [
        _simulator(home, settings.data, "one-stop", "--process", "--dossiers", str(home.dossiers)),
        _simulator(home, settings.data, "population", "--lucky", f"XT-{FIRST_DOSSIER}"),
        _simulator(home, settings.data, "payment", "--notify", notify),
        _simulator(home, settings.data, "postal", "--outage"),
        *(_agency(home, settings, name) for name in AGENCIES),
    ]


def _simulator(home: Home, data: Path, name: str, *words: str) -> Service:
    module = f"connectors.{name.replace('-', '_')}.simulator"
    where = ("--port", str(home.ports[name]), "--data", str(data / "simulators" / name))
    argv = (*_module(module), *where, "--seed", str(home.seed), "--trouble", *words)
    return Service(name=f"simulator.{name}", argv=argv)


def _agency(home: Home, settings: Settings, name: str) -> Service:
    argv = (*_module("connectors.demo.agencies"), name, "--data", str(settings.data), "--seed", str(home.seed))
    return replace(command(settings, f"agency.{name}"), argv=argv)


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", name)  # -P: a folder `bus` where the supervisor was started is not ours
