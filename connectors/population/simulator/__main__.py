"""``python -m connectors.population.simulator --port 0 --data DIR --seed S``: prints its port and serves."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.population.simulator import Simulator
from connectors.simulation import serve


@click.command()
@click.option("--port", default=0, show_default=True, help="Where to listen on 127.0.0.1; 0 takes a free one.")
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="Its own folder.")
@click.option("--seed", default=0, show_default=True, help="Which people.")
@click.option("--trouble", is_flag=True, help="Lose one answer in twenty after the look was made.")
@click.option("--lucky", default="", help="Number of a request whose citizen is found equal, whatever chance says.")
def main(port: int, data: Path, seed: int, trouble: bool, lucky: str) -> None:
    """Serve a simulated population database until a signal ends it; prints one line of JSON with its port."""
    serve(lambda: Simulator(data, seed=seed, port=port, trouble=trouble, lucky=lucky))


if __name__ == "__main__":
    main()
