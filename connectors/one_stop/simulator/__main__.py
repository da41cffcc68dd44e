"""``python -m connectors.one_stop.simulator --port 0 --data DIR --dossiers N --seed S``: prints its port and serves."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click

from connectors.one_stop.simulator.clock import RunningClock
from connectors.one_stop.simulator.faults import Faults
from connectors.one_stop.simulator.habits import HABITS
from connectors.one_stop.simulator.history import History, Plan
from connectors.one_stop.simulator.server import ProcessSimulator, Simulator
from connectors.one_stop.simulator.store import Store
from connectors.simulation import serve


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
@click.option("--process", is_flag=True, help="Let dossiers come in now, and go on by what is sent to the system.")
@click.option("--trouble", is_flag=True, help="With --process: lose some answers, list some rows that nobody can map.")
def main(port: int, data: Path, dossiers: int, seed: int, habits: tuple[str, ...], faults: float, speed: float,
         process: bool, trouble: bool) -> None:  # fmt: skip
    """Serve a simulated one-stop system until a signal ends it; prints one line of JSON with its port."""
    plan, chance = Plan(dossiers=dossiers, seed=seed, habits=habits), Faults(rate=faults, seed=seed)
    _check_same(data, f"seed {seed}{', by process' if process else ''}")
    if process:
        serve(lambda: ProcessSimulator(data, plan, trouble=trouble, faults=chance, port=port))
    else:
        serve(lambda: Simulator(data, plan, _clock(data, plan, speed), faults=chance, port=port))


def _check_same(data: Path, what: str) -> None:
    """A store is of one province for ever: two would mix under the same codes."""
    with closing(Store(data)) as store:
        known = store.note("province")
        if known not in ("", what):
            raise click.ClickException(
                f"{store.file} holds the province of {known}, not of {what}: take another --data"
            )
        store.take_note("province", what)


def _clock(data: Path, plan: Plan, speed: float) -> RunningClock:
    """Begin an hour after everything is over, or where an earlier run ended, or with the first change."""
    with closing(Store(data)) as store:
        history = History(store, plan)
        if speed == 0:
            return RunningClock(history.finish() + timedelta(hours=1))
        return RunningClock(history.reached, speed)


if __name__ == "__main__":
    main()
