"""``python -m connectors.one_stop.simulator --port 0 --data DIR --dossiers N --seed S``: prints its port and serves."""

from __future__ import annotations

import json
import logging
import signal
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event

import click

from connectors.one_stop.simulator.clock import RunningClock
from connectors.one_stop.simulator.faults import Faults
from connectors.one_stop.simulator.habits import HABITS
from connectors.one_stop.simulator.history import History, Plan
from connectors.one_stop.simulator.server import Simulator
from connectors.one_stop.simulator.store import Store


@click.command()
@click.option("--port", default=0, show_default=True, help="Where to listen on 127.0.0.1; 0 takes a free one.")
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="Its own folder.")
@click.option("--dossiers", default=200, show_default=True, help="How many there are; more extend fewer.")
@click.option("--seed", default=0, show_default=True, help="Which province.")
@click.option("--habit", "habits", multiple=True, type=click.Choice(sorted(HABITS)), help="A bad habit of its data.")
@click.option("--faults", default=0.0, show_default=True, help="Which share of the calls is answered badly.")
@click.option(
    "--speed", default=0.0, show_default=True, help="Let it happen, so many times as fast as life; 0: it has."
)
def main(port: int, data: Path, dossiers: int, seed: int, habits: tuple[str, ...], faults: float, speed: float) -> None:
    """Serve a simulated one-stop system until a signal ends it; prints one line of JSON with its port."""
    logging.getLogger("waitress").setLevel(logging.ERROR)
    plan = Plan(dossiers=dossiers, seed=seed, habits=habits)
    clock = _clock(data, plan, speed)
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Simulator(data, plan, clock, faults=Faults(rate=faults, seed=seed), port=port) as simulator:
        click.echo(json.dumps({"port": simulator.port, "base_url": simulator.base_url}))
        stop.wait()


def _clock(data: Path, plan: Plan, speed: float) -> RunningClock:
    """Begin an hour after everything is over, or where an earlier run ended, or with the first change."""
    with closing(Store(data)) as store:
        history = History(store, plan)
        if speed == 0:
            return RunningClock(history.finish() + timedelta(hours=1))
        return RunningClock(history.reached, speed)


if __name__ == "__main__":
    main()
