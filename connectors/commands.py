"""The commands ``connector list|run|serve|check|status``. Everything else is imported when one of them runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.cli.exits import INTERRUPTED, PARTIAL
from bus.cli.moments import as_clock, zone_of
from bus.cli.output import json_option, line, show, table, talk, wants_json
from bus.cli.session import current_session

if TYPE_CHECKING:
    from connectors.health import Standing
    from connectors.runs import Runs
    from connectors.status import Status
    from connectors.trial import Trial

_config = click.option(
    "--config", required=True, metavar="FILE", help="The connector's configuration.",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)  # fmt: skip


# -- connector list -------------------------------------------------------------------------------------


@click.command("list")
@json_option
def list_connectors() -> None:
    """List the kinds of connectors that are installed."""
    from connectors.installed import find, names

    found = [{"name": name, "summary": find(name).summary} for name in names()]
    show(found, lambda: table(("connector", "what it does"), [tuple(one.values()) for one in found]))


# -- connector run --------------------------------------------------------------------------------------


@click.command("run")
@click.argument("name", metavar="CONNECTOR")
@_config
@click.option("--once", is_flag=True, help="End when all that is there now has been moved and delivered.")
@click.option("--port", type=click.IntRange(0, 65535), help="Take a webhook's notices here; 0 is a free port.")
@json_option
def run_connector(name: str, config: Path, once: bool, port: int | None) -> int:
    """Run all parts of one configuration, each from where it ended last.

    \b
    lienthong connector run file-drop --config fines.yaml --once
    lienthong connector run one-stop --config one-stop.yaml

    Prints at its end, of sources: {"rows","published","deduplicated","dead_lettered"}, where each event that a row
    tells is one of the last three; of sinks: {"delivered","known","nothing_to_do","buried","passed_over"}, where the
    last are replayed records, which a sink does not take unless it says so. May be ended at any moment, by kill -9 as
    well, and run again. Exit codes: 7 something was buried in the dead letters; 8 the partner is away; 130 ended by
    Ctrl-C, or with --once by SIGTERM, before it was through.
    """
    from bus.errors import LienthongError
    from bus.signals import asked_to_stop
    from connectors.installed import find
    from connectors.runs import Runs

    session = current_session()
    with ExitStack() as opened, asked_to_stop() as asked:
        parts = find(name).open(config)
        for part in parts:
            opened.callback(part.close)
        runs = Runs(session, parts, once=once, stop=asked.stop, port=port)
        for about in runs.about():
            talk(about)
        try:
            runs.run()
        except LienthongError:
            talk(f"Before it ended: {json.dumps(runs.counts())}")
            raise
    _show_books(runs)
    if asked.stop.is_set() and (once or asked.by_person):
        talk("Ended early: run it again, and it goes on from here.")
        return INTERRUPTED
    return PARTIAL if runs.has_buried else 0


def _show_books(runs: Runs) -> None:
    line(runs.counts())
    if wants_json():
        return
    for burial in runs.books.so_far.burials:
        talk(f"buried: {burial.count} by {burial.code} ({burial.stage}), the first at {burial.place}: {burial.message}")
        if burial.hint:
            talk(f"  Next: {burial.hint}")
    if runs.has_buried:
        for topic in runs.topics:
            talk(f"All of them: `lienthong deadletter list --topic {topic}`")


# -- connector serve ------------------------------------------------------------------------------------


_SWITCH_S = 0.0005
"""Each answer of a partner waits for its turn while another part computes: Python's 5 ms would be most of a call."""


@click.command("serve")
@click.option(
    "--configs", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the configurations (default: `connectors` in the folder of the data).",
)  # fmt: skip
@click.option("--host", help="Address to take notices at (default: setting `hooks_host`, the loopback).")
@click.option(
    "--port", type=click.IntRange(0, 65535),
    help="Port to take notices at; 0 is a free one (default: setting `hooks_port`, 8470).",
)  # fmt: skip
@json_option
def serve_connectors(configs: Path | None, host: str | None, port: int | None) -> None:
    """Run every configured connector in this one process, with a door for their webhooks, until it is ended.

    \b
    lienthong connector serve
    lienthong connector serve --configs /etc/lienthong/connectors --port 8470

    Each file KIND.yaml or KIND.INSTANCE.yaml is one connector. Partners call /hooks/NAME; /health, /ready and /metrics
    are for watchers. A part that fails is started again, one that only a person can help is stopped with its sentence,
    and the others go on: `connector status` tells of all. SIGTERM ends it in good order; kill -9 loses nothing.
    """
    from bus.signals import asked_to_stop
    from connectors.serving import Address, serve

    session = current_session()
    settings = session.settings
    folder = configs or settings.data / "connectors"
    address = Address(host=host or settings.hooks_host, port=settings.hooks_port if port is None else port)

    def started(served: str, parts: Sequence[Standing]) -> None:
        if wants_json():
            line({"base_url": served, "parts": [{"connector": one.connector, "kind": one.kind, "name": one.name,
                                                 "state": one.state} for one in parts]})  # fmt: skip
            return
        for one in parts:
            talk(f"{one.connector}: {one.kind} {one.name} {one.state}{f': {one.message}' if one.message else ''}")
        if not parts:
            talk(f"No connector is configured in {folder}: put KIND.yaml there, and start again.")
        talk(f"Notices are taken at {served}/hooks/NAME, into {settings.data}")

    sys.setswitchinterval(_SWITCH_S)
    with asked_to_stop() as asked:
        serve(session, folder, address, asked.stop, started)


# -- connector check ------------------------------------------------------------------------------------


@click.command("check")
@click.argument("name", metavar="CONNECTOR")
@_config
@click.option(
    "--sample", metavar="FILE", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Try it on this file instead of what the configuration names.",
)  # fmt: skip
@click.option(
    "--rows",
    type=click.IntRange(1, 100_000),
    default=10,
    show_default=True,
    help="How many things to try, from the first.",
)
@json_option
def check_connector(name: str, config: Path, sample: Path | None, rows: int) -> int:
    """Try a connector's configuration: say what each row would become, and write nothing.

    \b
    lienthong connector check file-drop --config fines.yaml --sample fines.csv --rows 3

    Exit code 7 if something would be buried.
    """
    from connectors.installed import find
    from connectors.running import open_for_trial, rehearse

    with closing(open_for_trial(find(name), config, sample)) as source:
        found = list(rehearse(current_session(), source, rows))
    show(_check_answer(found), lambda: _show_trials(found, zone_of(current_session().settings.zone)))
    return PARTIAL if any(trial.error for trial in found) else 0


def _check_answer(found: Sequence[Trial]) -> dict[str, Any]:
    from bus.cli.output import described
    from bus.cli.plain import plain_event

    return {
        "rows": len(found),
        "events": sum(len(trial.told) for trial in found),
        "would_be_buried": sum(trial.error is not None for trial in found),
        "trials": [
            {
                "place": trial.place,
                "events": [{"topic": one.record.topic, **plain_event(one.event)} for one in trial.told],
                "error": None if trial.error is None else {**described(trial.error), "stage": trial.stage},
            }
            for trial in found
        ],
    }


def _show_trials(found: Sequence[Trial], zone: tzinfo) -> None:
    for trial in found:
        for text in _trial_lines(trial, zone):
            click.echo(text)
    buried = sum(trial.error is not None for trial in found)
    talk(f"{len(found)} tried: {sum(len(one.told) for one in found)} events; {buried} would be buried.")


def _trial_lines(trial: Trial, zone: tzinfo) -> Iterator[str]:
    from bus.cli.plain import plain_event

    if trial.error is not None:
        yield f"{trial.place}: would be buried ({trial.stage}, {trial.error.code}): {trial.error}"
        if trial.error.hint:
            yield f"  Next: {trial.error.hint}"
    elif not trial.told:
        yield f"{trial.place}: tells nothing"
    for one in trial.told:
        facts = plain_event(one.event)
        when = as_clock(round(one.event.time.timestamp() * 1000), zone)
        yield f"{trial.place}: {facts['type']} at {when} on {one.record.topic}, key {facts['key']}"
        for name, value in facts["payload"].items():
            if value is not None:
                yield f"  {name}: {json.dumps(value, ensure_ascii=False)}"


# -- connector status -----------------------------------------------------------------------------------


@click.command("status")
@json_option
def connector_status() -> None:
    """Tell of each part of each connector: whether it runs now, where it stands, why it stopped, and what it buried."""
    from connectors.notebook import pages
    from connectors.status import answer_of, statuses

    session = current_session()
    found = statuses(session.standing_engine, pages(session.settings.data))
    show([answer_of(status) for status in found], lambda: _show_statuses(found, session.settings.zone))


def _show_statuses(found: Sequence[Status], zone_name: str) -> None:
    if not found:
        talk("No connector has run yet. `lienthong connector run` or `lienthong connector serve` starts one.")
        return
    zone = zone_of(zone_name)
    for one in found:
        for text in _status_lines(one, zone):
            click.echo(text)


def _status_lines(one: Status, zone: tzinfo) -> Iterator[str]:
    name = one.name if one.kind == "source" else f"{one.name} ({one.kind})"
    facts = [one.state.replace("_", " ")]
    if one.kind == "source":
        facts.append("has never moved" if one.moved_at is None else f"last moved {as_clock(one.moved_at, zone)}")
    if one.lag is not None:
        facts.append(f"{one.lag} records behind")
    facts.append(f"{one.dead_letters} dead letters to settle")
    if one.passed_over:
        facts.append(f"{one.passed_over} replayed records passed over")
    yield f"{name}: {', '.join(facts)}"
    if one.kind == "source":
        yield f"  cursor: {one.cursor or 'at the very first'}"
    if one.message and one.since is not None:
        yield f"  since {as_clock(one.since, zone)}: {f'{one.code} ' if one.code else ''}{one.message}"
        if one.hint:
            yield f"  Next: {one.hint}"
