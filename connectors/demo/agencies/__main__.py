"""``python -m connectors.demo.agencies police --data DIR``: an agency as a process, until a signal ends it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bus import LienthongError, logs
from bus.signals import asked_to_stop
from connectors.demo.agencies import audit, insurance, police
from connectors.demo.agencies.agency import run

AGENCIES = {police.NAME: police.agency, insurance.NAME: insurance.agency, audit.NAME: audit.agency}


@click.command()
@click.argument("agency", type=click.Choice(sorted(AGENCIES)))
@click.option("--data", required=True, type=click.Path(file_okay=False, path_type=Path), help="The bus's folder.")
@click.option("--seed", default=0, show_default=True, help="Which province.")
@click.option("--once", is_flag=True, help="End when all that is there now has been handled.")
def main(agency: str, data: Path, seed: int, once: bool) -> None:
    """Handle what concerns an agency."""
    logs.configure()
    try:
        with asked_to_stop() as asked:
            run(AGENCIES[agency](seed), data, asked.stop, once=once)
    except LienthongError as error:
        click.echo(f"{error} ({error.code})", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
