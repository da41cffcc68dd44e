"""A one-stop system to try the connector on: a real HTTP server with the partner's shapes, errors and bad habits.

Invented people only. Dossier ``i``, its times and its faults are a function of (seed, i), so a larger number extends.
"""

from __future__ import annotations

from connectors.one_stop.simulator.app import AGENCY, PASSWORD, USERNAME
from connectors.one_stop.simulator.clock import HandClock, RunningClock
from connectors.one_stop.simulator.faults import Faults
from connectors.one_stop.simulator.habits import HABITS
from connectors.one_stop.simulator.history import Plan
from connectors.one_stop.simulator.server import ProcessSimulator, Simulator

__all__ = [
    "AGENCY", "HABITS", "PASSWORD", "USERNAME", "Faults", "HandClock", "Plan", "ProcessSimulator", "RunningClock",
    "Simulator",
]  # fmt: skip
