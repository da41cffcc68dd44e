"""The commands ``deadletter redrive|settle``: what closes letters. Heavy imports wait until one runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from bus.cli.deadletters import code_option, since_option, topic_option, wanted
from bus.cli.exits import PARTIAL
from bus.cli.output import json_option, line, printable, talk, wants_json
from bus.cli.session import Session, current_session
from bus.errors import ConfigError

if TYPE_CHECKING:
    from bus.redrive import Outcome, Standing

# -- deadletter redrive ---------------------------------------------------------------------------------


@click.command("redrive")
@click.argument("places", nargs=-1, metavar="[PLACE]...")
@topic_option
@code_option
@since_option
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def redrive_letters(places: tuple[str, ...], dry_run: bool, **options: str | None) -> int:
    """Send dead letters back to their topic, each exactly once however often this is called.

    \b
    lienthong deadletter redrive dossier.events.dead-letter/0/3
    lienthong deadletter redrive --topic dossier.events --code LT-E2102 --dry-run

    Only the group that buried a record takes it again. A source's raw item was never a record: correct it or the
    mapping, run the source again, then settle the letter. Exit codes: 3 there is no such letter; 7 some were refused.
    """
    from bus.cli.burials import ALREADY, REDRIVEN, REFUSED, WOULD, outcome_answer, redrive_each

    _check_choice(places, options)
    session = current_session()
    counts: Counter[str] = Counter()
    told = []
    for outcome in redrive_each(session.standing_engine, _chosen(session, places, options), dry_run=dry_run):
        counts[outcome.outcome] += 1
        if wants_json():
            told.append(outcome_answer(outcome))
        else:
            _show_outcome(outcome)
    done, before, refused = counts[WOULD if dry_run else REDRIVEN], counts[ALREADY], counts[REFUSED]
    if wants_json():
        answer = {"dry_run": dry_run, "redriven": done, "already": before, "refused": refused, "letters": told}
        line(answer, indent=2)
    else:
        verb = "would be redriven" if dry_run else "redriven"
        talk(f"{done:,} {verb}, {before:,} had been closed before, {refused:,} refused.")
    return PARTIAL if refused else 0


def _check_choice(places: Sequence[str], options: dict[str, str | None]) -> None:
    if bool(places) == bool(options["topic"]) or (places and any(options.values())):
        raise ConfigError("say which letters", hint="Name places, or all letters of a topic with `--topic`.")


def _chosen(session: Session, places: Sequence[str], options: dict[str, str | None]) -> Iterable[Standing]:
    """Return the letters that are meant; of named places, all are found before the first is closed."""
    from bus.cli.burials import standing_letters
    from bus.redrive import find_letter

    engine = session.standing_engine
    if places:
        return [find_letter(engine, place) for place in dict.fromkeys(places)]
    return standing_letters(engine, wanted(session, options))


def _show_outcome(outcome: Outcome) -> None:
    place = f" → {outcome.place}" if outcome.place else ""
    click.echo(printable(f"{outcome.outcome:<8}  {outcome.letter.place}{place}"))
    if outcome.reason:
        talk(printable(f"  {outcome.reason}"))
        if outcome.hint:
            talk(f"  Next: {outcome.hint}")


# -- deadletter settle ----------------------------------------------------------------------------------


@click.command("settle")
@click.argument("places", nargs=-1, metavar="[PLACE]...")
@topic_option
@code_option
@since_option
@click.option("--reason", required=True, metavar="TEXT", help="Who has dealt with it, and how; it is kept in the log.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def settle_letters(places: tuple[str, ...], reason: str, dry_run: bool, **options: str | None) -> int:
    """Close dead letters that somebody has dealt with, each exactly once; nothing is sent anywhere.

    \b
    lienthong deadletter settle dossier.events.dead-letter/0/3 --reason "Corrected in the file of 25/11"
    lienthong deadletter settle --topic dossier.events --code LT-E2402 --reason "Mapped since" --dry-run

    Meant for a source's raw items, once a corrected one has been read, and for records that nobody needs any more.
    A settled letter stays where it is and can be shown; it cannot be redriven. Exit code 3: there is no such letter.
    """
    from bus.cli.burials import ALREADY, SETTLED, WOULD, outcome_answer, settle_each
    from bus.settlements import checked_reason

    _check_choice(places, options)
    text = checked_reason(reason)
    session = current_session()
    counts: Counter[str] = Counter()
    told = []
    for outcome in settle_each(session.standing_engine, _chosen(session, places, options), text, dry_run=dry_run):
        counts[outcome.outcome] += 1
        if wants_json():
            told.append(outcome_answer(outcome))
        else:
            _show_outcome(outcome)
    done, before = counts[WOULD if dry_run else SETTLED], counts[ALREADY]
    if wants_json():
        line({"dry_run": dry_run, "settled": done, "already": before, "letters": told}, indent=2)
    else:
        verb = "would be settled" if dry_run else "settled"
        talk(f"{done:,} {verb}, {before:,} had been closed before.")
    return 0
