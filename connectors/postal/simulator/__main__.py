"""``python -m connectors.postal.simulator --port 0 --data DIR --seed S``: prints its port and serves."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.postal.simulator import Simulator
from connectors.simulation import serve


@click.command()
@click.option("--port", default=0, show_default=True, help="Where to listen on 127.0.0.1; 0 takes a free one.")
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="Its own folder.")
@click.option("--seed", default=0, show_default=True, help="Which ways parcels go.")
@click.option("--trouble", is_flag=True, help="Lose one answer in twenty after the order was made.")
@click.option("--outage", is_flag=True, help="Be away for three seconds after the third order, once.")
def main(port: int, data: Path, seed: int, trouble: bool, outage: bool) -> None:
    """Serve a simulated post until a signal ends it; prints one line of JSON with its port."""
    serve(lambda: Simulator(data, seed=seed, port=port, trouble=trouble, outage=outage))


if __name__ == "__main__":
    main()
