"""The commands ``deadletter redrive|settle|discard``: what closes letters. Heavy imports wait until one runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from bus.cli.deadletters import code_option, since_option, topic_option, wanted
from bus.cli.exits import PARTIAL
from bus.cli.output import json_option, line, printable, talk, wants_json
from bus.cli.session import Session, current_session
from bus.errors import ConfigError

if TYPE_CHECKING:
    from bus.redrive import Outcome, Standing

_choice = (
    click.argument("places", nargs=-1, metavar="[PLACE]..."),
    topic_option, code_option, since_option,
    click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing."),
)  # fmt: skip


def _choosing(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(_choice):
        command = option(command)
    return command


# -- deadletter redrive ---------------------------------------------------------------------------------


@click.command("redrive")
@_choosing
@click.option("--reason", default="", metavar="TEXT", help="Why it can be taken now; it is kept in the log.")
@json_option
def redrive_letters(places: tuple[str, ...], reason: str, dry_run: bool, **options: str | None) -> int:
    """Send dead letters back to their topic, each exactly once however often this is called.

    \b
    lienthong deadletter redrive dossier.events.dead-letter/0/3
    lienthong deadletter redrive --topic dossier.events --code LT-E2102 --dry-run

    Only the group that buried a record takes it again. A source's raw item was never a record: correct it or the
    mapping, run the source again, then settle the letter. Exit codes: 3 there is no such letter; 7 some were refused.
    """
    from bus.cli.burials import redrive_each
    from bus.settlements import REDRIVEN, checked_reason

    _check_choice(places, options)
    text = checked_reason(reason) if reason else ""
    session = current_session()
    chosen = _chosen(session, places, options)
    return _tell(redrive_each(session.standing_engine, chosen, text, dry_run=dry_run), REDRIVEN, dry_run=dry_run)


# -- deadletter settle ----------------------------------------------------------------------------------


@click.command("settle")
@_choosing
@click.option("--reason", required=True, metavar="TEXT", help="Who has dealt with it, and how; it is kept in the log.")
@json_option
def settle_letters(places: tuple[str, ...], reason: str, dry_run: bool, **options: str | None) -> int:
    """Close dead letters that somebody has dealt with, each exactly once; nothing is sent anywhere.

    \b
    lienthong deadletter settle dossier.events.dead-letter/0/3 --reason "Corrected in the file of 25/11"
    lienthong deadletter settle --topic dossier.events --code LT-E2402 --reason "Mapped since" --dry-run

    Meant for a source's raw items, once a corrected one has been read. A settled letter stays where it is and can be
    shown; it cannot be redriven. Exit code 3: there is no such letter.
    """
    from bus.settlements import SETTLED

    return _dismiss(places, options, SETTLED, reason, dry_run=dry_run)


# -- deadletter discard ---------------------------------------------------------------------------------


@click.command("discard")
@_choosing
@click.option("--reason", required=True, metavar="TEXT", help="Why nobody needs it any more; it is kept in the log.")
@click.option("--yes", is_flag=True, help="Discard all that `--topic` chooses; named places need no such word.")
@json_option
def discard_letters(places: tuple[str, ...], reason: str, dry_run: bool, yes: bool, **options: str | None) -> int:
    """Close dead letters that nobody needs any more, each exactly once. Nothing is deleted.

    \b
    lienthong deadletter discard dossier.events.dead-letter/0/3 --reason "The order was placed by telephone"
    lienthong deadletter discard --topic dossier.events --code LT-E2102 --reason "Test data" --yes

    A discarded letter stays where it is and can be shown; it cannot be redriven. Exit code 3: there is no such letter.
    """
    from bus.settlements import DISCARDED

    if options["topic"] and not yes and not dry_run:
        raise ConfigError(
            "all these letters would be closed for good", hint="Look at them with `--dry-run`, then add `--yes`."
        )
    return _dismiss(places, options, DISCARDED, reason, dry_run=dry_run)


# -- what they share ------------------------------------------------------------------------------------


def _dismiss(places: Sequence[str], options: dict[str, str | None], kind: str, reason: str, *, dry_run: bool) -> int:
    """Settle or discard what is meant, and tell what became of it."""
    from bus.cli.burials import dismiss_each
    from bus.settlements import checked_reason

    _check_choice(places, options)
    text = checked_reason(reason)
    session = current_session()
    chosen = _chosen(session, places, options)
    return _tell(dismiss_each(session.standing_engine, chosen, kind, text, dry_run=dry_run), kind, dry_run=dry_run)


def _tell(outcomes: Iterable[Outcome], kind: str, *, dry_run: bool) -> int:
    """Tell each outcome as it comes, then the counts; return the exit code. Only a redrive can be refused."""
    from bus.cli.burials import ALREADY, REFUSED, WOULD, outcome_answer

    counts: Counter[str] = Counter()
    told = []
    for outcome in outcomes:
        counts[outcome.outcome] += 1
        if wants_json():
            told.append(outcome_answer(outcome))
        else:
            _show_outcome(outcome)
    done, before, refused = counts[WOULD if dry_run else kind], counts[ALREADY], counts[REFUSED]
    if wants_json():
        line({"dry_run": dry_run, kind: done, "already": before, "refused": refused, "letters": told}, indent=2)
    else:
        verb = f"would be {kind}" if dry_run else kind
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
    click.echo(printable(f"{outcome.outcome:<9}  {outcome.letter.place}{place}"))
    if outcome.reason:
        talk(printable(f"  {outcome.reason}"))
        if outcome.hint:
            talk(f"  Next: {outcome.hint}")
