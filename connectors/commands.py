"""The commands ``connector list|run|check|status``. Everything else is imported when one of them runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.cli.exits import INTERRUPTED, PARTIAL
from bus.cli.moments import as_clock, as_text, zone_of
from bus.cli.output import json_option, line, show, table, talk, wants_json
from bus.cli.session import current_session

if TYPE_CHECKING:
    from connectors.books import Tally
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
@click.option("--once", is_flag=True, help="End when everything that is there now has been read.")
@json_option
def run_connector(name: str, config: Path, once: bool) -> int:
    """Move what a partner has into the log, from where the last run ended.

    \b
    lienthong connector run file-drop --config fines.yaml --once
    lienthong connector run one-stop --config one-stop.yaml

    Prints {"rows","published","deduplicated","dead_lettered"} at its end; each event that a row tells is one of the
    last three. May be ended at any moment, by kill -9 as well, and run again. Exit codes: 7 something was buried
    in the dead letters; 8 the partner is away; 130 ended by Ctrl-C, or with --once by SIGTERM, before it was through.
    """
    from bus.errors import LienthongError
    from connectors.books import Books
    from connectors.installed import find
    from connectors.running import open_for_trial, run
    from connectors.signals import asked_to_stop

    session, books = current_session(), Books()
    with closing(open_for_trial(find(name), config, None)) as source, asked_to_stop() as asked:
        talk(f"{source.name}: into {session.settings.data}")
        try:
            run(session, source, once=once, stop=asked.stop, hear=books.add)
        except LienthongError:
            talk(f"Before it ended: {json.dumps(books.so_far.counts())}")
            raise
    _show_books(books.so_far, source.topic)
    if asked.stop.is_set() and (once or asked.by_person):
        talk("Ended early: run it again, and it goes on from here.")
        return INTERRUPTED
    return PARTIAL if books.so_far.dead_lettered else 0


def _show_books(books: Tally, topic: str) -> None:
    line(books.counts())
    if wants_json():
        return
    for burial in books.burials:
        talk(f"buried: {burial.count} by {burial.code} ({burial.stage}), the first at {burial.place}: {burial.message}")
        if burial.hint:
            talk(f"  Next: {burial.hint}")
    if books.burials:
        talk(f"All of them: `lienthong deadletter list --topic {topic}`")


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
    """Tell for each source that has ever run: whether it runs now, where it stands, and what it buried."""
    from connectors.status import statuses

    session = current_session()
    found = statuses(session.standing_engine)
    show([_status_answer(status) for status in found], lambda: _show_statuses(found, session.settings.zone))


def _status_answer(status: Status) -> dict[str, Any]:
    return {
        "source": status.source,
        "running": status.is_running,
        "cursor": status.cursor,
        "moved": None if status.moved_at is None else as_text(status.moved_at),
        "epoch": status.epoch,
        "dead_letters": status.dead_letters,
    }


def _show_statuses(found: Sequence[Status], zone_name: str) -> None:
    if not found:
        talk("No source has run yet. `lienthong connector run` starts one.")
        return
    zone = zone_of(zone_name)
    for one in found:
        state = "running" if one.is_running else "at rest"
        moved = "has never moved" if one.moved_at is None else f"last moved {as_clock(one.moved_at, zone)}"
        click.echo(f"{one.source}: {state}, {moved}, {one.dead_letters} dead letters to settle")
        click.echo(f"  cursor: {one.cursor or 'at the very first'}")
