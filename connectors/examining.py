"""The command ``connector test``. Everything else is imported when it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from bus.cli.output import json_option, show, talk
from bus.cli.session import current_session

if TYPE_CHECKING:
    from connectors.examination.checks import Finding
    from connectors.sdk import Connector

_SIGNS = {"kept": "✔", "broken": "✘", "left_out": "–"}


@click.command("test")
@click.argument("name", metavar="CONNECTOR")
@click.option(
    "--config", required=True, metavar="FILE", help="The connector's configuration.",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)  # fmt: skip
@click.option(
    "--sample", metavar="FILE", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Try its source on this file instead of what the configuration names.",
)  # fmt: skip
@click.option("--fetches", type=click.IntRange(1, 1000), default=5, show_default=True, help="How far to walk a source.")
@json_option
def test_connector(name: str, config: Path, sample: Path | None, fetches: int) -> int:
    """Hold a configured connector against its ports' promises. Writes nothing, and does nothing at the partner.

    \b
    lienthong connector test postal --config postal.yaml
    lienthong connector test file-drop --config fines.yaml --sample fines.csv

    A source is fetched again and again from the same cursors, a sink only asks, a webhook is sent what no partner would
    sign. Exit code 1 if a promise is broken, 7 if one could not be looked at.
    """
    from connectors.installed import find

    connector = find(name)
    found = _examined(connector, config, sample, fetches)
    show([asdict(finding) for finding in found], lambda: _show(found))
    outcomes = Counter(finding.outcome for finding in found)
    talk(f"{outcomes['kept']} kept, {outcomes['broken']} broken, {outcomes['left_out']} not looked at")
    return _exit_code(outcomes)


def _exit_code(outcomes: Counter[str]) -> int:
    from bus.cli.exits import PARTIAL
    from bus.errors import ConnectorError

    if outcomes["broken"]:
        return ConnectorError.exit_code
    return PARTIAL if outcomes["left_out"] else 0


def _show(found: Sequence[Finding]) -> None:
    part = ""
    for finding in found:
        if finding.part != part:
            part = finding.part
            click.echo(part)
        click.echo(f"  {_SIGNS[finding.outcome]} {finding.promise}" + (f": {finding.detail}" if finding.detail else ""))
        if finding.hint:
            click.echo(f"      Next: {finding.hint}")


def _examined(connector: Connector, config: Path, sample: Path | None, fetches: int) -> Sequence[Finding]:
    from bus.registry import open_registry
    from bus.rules import value_rules
    from bus.transports import open_engine, stands
    from bus.wire import Wire
    from connectors.examination.connector import Means, examined
    from connectors.running import ledger_as_it_stands
    from registry.apply import apply_catalogue

    session = current_session()
    registry, engine = open_registry("sqlite://"), open_engine("sqlite://")
    try:
        apply_catalogue(engine, registry, session.catalogue)
        has_log = stands(session.settings.transport)
        trial = Wire(registry, session.catalogue)
        with ledger_as_it_stands(session) as ledger:
            means = Means(
                wire=trial,
                rules=value_rules(session.catalogue),
                engine=session.engine if has_log else None,
                reader=session.wire if has_log else trial,
                fetches=fetches,
                ledger=ledger,
            )
            return list(examined(connector, config, sample, means))
    finally:
        engine.close()
