"""``python -m connectors.payment.simulator --port 0 --data DIR --seed S``: prints its port and serves."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.payment.simulator.server import Simulator
from connectors.simulation import serve


@click.command()
@click.option("--port", default=0, show_default=True, help="Where to listen on 127.0.0.1; 0 takes a free one.")
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="Its own folder.")
@click.option("--seed", default=0, show_default=True, help="Which province.")
@click.option("--notify", default="", help="Where notices of payments are sent to.")
@click.option("--trouble", is_flag=True, help="Lose answers; repeat, delay and never send notices.")
def main(port: int, data: Path, seed: int, notify: str, trouble: bool) -> None:
    """Serve both simulated gateways until a signal ends it; prints one line of JSON with its port."""
    serve(lambda: Simulator(data, seed=seed, port=port, notify=notify, trouble=trouble))


if __name__ == "__main__":
    main()
