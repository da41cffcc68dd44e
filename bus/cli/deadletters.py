"""The commands ``deadletter list|show|redrive``. Heavy imports wait until one runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from bus.cli.exits import PARTIAL
from bus.cli.output import json_option, line, printable, show, talk, wants_json
from bus.cli.session import Session, current_session
from bus.errors import ConfigError

if TYPE_CHECKING:
    from datetime import tzinfo

    from bus.cli.burials import Cause, Wanted
    from bus.redrive import Outcome, Standing

_topic = click.option("--topic", help="Only letters of this topic, as dossier.events.")
_code = click.option("--code", help="Only letters with this error code, as LT-E2102.")
_since = click.option("--since", metavar="TIME", help="Only letters buried since: 2026-11-24 or 2026-11-24T09:15.")


# -- deadletter list ------------------------------------------------------------------------------------


@click.command("list")
@_topic
@_code
@_since
@click.option("--each", is_flag=True, help="List each letter, not only the causes.")
@json_option
def list_letters(each: bool, **options: str | None) -> None:
    """List what was buried, grouped by cause: which fault, where, how many, how many still open.

    \b
    lienthong deadletter list
    lienthong deadletter list --topic dossier.events --since 2026-11-24 --each
    """
    from bus.cli.burials import cause_answer, causes, standing_letters
    from bus.cli.moments import zone_of

    session = current_session()
    kept: list[Standing] = []
    found = causes(_kept(standing_letters(session.standing_engine, _wanted(session, options)), kept, each=each))
    answer: dict[str, Any] = {
        "letters": sum(cause.letters for cause in found),
        "open": sum(cause.open for cause in found),
        "causes": [cause_answer(cause) for cause in found],
    }
    if each:
        answer["each"] = [_standing_answer(standing) for standing in kept]
    show(answer, lambda: _list(found, kept, zone_of(session.settings.zone)))


def _kept(standings: Iterable[Standing], kept: list[Standing], *, each: bool) -> Iterable[Standing]:
    """Pass letters on, and keep them only where each is asked for: there may be very many."""
    for standing in standings:
        if each:
            kept.append(standing)
        yield standing


def _wanted(session: Session, options: dict[str, str | None]) -> Wanted:
    from bus.cli.burials import Wanted
    from bus.cli.moments import moment_of, zone_of
    from bus.cli.overview import checked_topic
    from bus.deadletters import dead_letter_topic

    topic = options["topic"]
    if topic is not None:
        checked_topic(session, dead_letter_topic(topic))
    since = moment_of(options["since"], zone_of(session.settings.zone))
    return Wanted(topic=topic, code=options["code"], since=since)


def _standing_answer(standing: Standing) -> dict[str, Any]:
    from bus.cli.moments import as_text
    from bus.cli.told import letter_answer

    letter = standing.letter
    buried = as_text(letter.place.timestamp)
    return {
        "place": str(letter.place),
        "accepted": buried,
        "redriven": standing.is_redriven,
        **letter_answer(letter),
    }


def _list(found: Sequence[Cause], kept: Sequence[Standing], zone: tzinfo) -> None:
    from bus.cli.moments import as_clock

    for cause in found:
        opened = f"{cause.open:,} open" if cause.open else "all redriven"
        click.echo(printable(f"{cause.topic}  {cause.code}  {cause.stage} by {cause.by}"))
        first, last = as_clock(cause.first, zone), as_clock(cause.last, zone)
        click.echo(f"  {cause.letters:,} letters, {opened}, from {first} to {last}")
        click.echo(printable(f"  {cause.example.place}: {cause.example.reason}"))
    for standing in kept:
        letter = standing.letter
        state = "redriven" if standing.is_redriven else "open"
        buried = as_clock(letter.place.timestamp, zone)
        click.echo(printable(f"{buried}  {state:<8}  {letter.place}  {letter.code}  {letter.origin}"))
    if not found:
        talk("There are no such dead letters.")
    elif any(cause.open for cause in found):
        talk("Next: `lienthong deadletter show PLACE`, then `lienthong deadletter redrive PLACE`, or `--topic TOPIC`.")


# -- deadletter show ------------------------------------------------------------------------------------


@click.command("show")
@click.argument("place", metavar="PLACE")
@click.option("--raw", is_flag=True, help="Write the buried bytes to stdout, and nothing else.")
@json_option
def show_letter(place: str, raw: bool) -> None:
    """Show one dead letter: why it was buried, what to do, and what it holds.

    \b
    lienthong deadletter show dossier.events.dead-letter/0/3
    lienthong deadletter show dossier.events.dead-letter/0/3 --raw > item.csv
    """
    from bus.redrive import find_letter

    session = current_session()
    standing = find_letter(session.standing_engine, place)
    record = standing.letter.record
    if raw:
        click.echo(record.value or b"", nl=False)
        return
    show(_letter_answer(session, standing), lambda: _show(session, standing))


def _letter_answer(session: Session, standing: Standing) -> dict[str, Any]:
    from bus.cli.plain import plain_event
    from bus.cli.told import headers_answer, preview, raw_answer, tell

    record = standing.letter.record
    told = tell(session.wire, record)
    return {
        **_standing_answer(standing),
        "key": None if record.key is None else preview(record.key),
        "headers": headers_answer(record),
        "raw": raw_answer(record.value),
        "event": plain_event(told.event) if told.event else None,
    }


def _show(session: Session, standing: Standing) -> None:
    import json

    from bus.cli.moments import as_clock, zone_of
    from bus.cli.told import told_only

    answer = _letter_answer(session, standing)
    letter = standing.letter
    state = "redriven" if standing.is_redriven else "open"
    buried = as_clock(letter.place.timestamp, zone_of(session.settings.zone))
    click.echo(f"{answer['place']}  {state}, buried {buried}")
    for name in ("code", "reason", "stage", "by", "origin", "attempts", "redrives", "key"):
        if answer[name]:
            click.echo(printable(f"  {name:<9} {answer[name]}"))
    for name, text in answer["headers"]:
        if not name.startswith("lt_error_"):
            click.echo(printable(f"  {name}: {text}"))
    if answer["event"]:
        click.echo(json.dumps(told_only(answer["event"]["payload"]), ensure_ascii=False, indent=2))
    elif answer["raw"]:
        click.echo(f"  {answer['raw']['bytes']:,} bytes: {answer['raw']['preview']}")


# -- deadletter redrive ---------------------------------------------------------------------------------


@click.command("redrive")
@click.argument("places", nargs=-1, metavar="[PLACE]...")
@_topic
@_code
@_since
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
def redrive_letters(places: tuple[str, ...], dry_run: bool, **options: str | None) -> int:
    """Send dead letters back to their topic, each exactly once however often this is called.

    \b
    lienthong deadletter redrive dossier.events.dead-letter/0/3
    lienthong deadletter redrive --topic dossier.events --code LT-E2102 --dry-run

    Only the group that buried a record takes it again. A source's raw item was never a record: correct the mapping
    and run the source again. Exit codes: 3 there is no such letter; 7 some were refused.
    """
    from bus.cli.burials import ALREADY, REDRIVEN, REFUSED, WOULD, outcome_answer, redrive_each

    if bool(places) == bool(options["topic"]) or (places and any(options.values())):
        raise ConfigError("say which letters", hint="Name places, or all letters of a topic with `--topic`.")
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
        talk(f"{done:,} {verb}, {before:,} had been before, {refused:,} refused.")
    return PARTIAL if refused else 0


def _chosen(session: Session, places: Sequence[str], options: dict[str, str | None]) -> Iterable[Standing]:
    """Return the letters that are meant; of named places, all are found before the first is redriven."""
    from bus.cli.burials import standing_letters
    from bus.redrive import find_letter

    engine = session.standing_engine
    if places:
        return [find_letter(engine, place) for place in dict.fromkeys(places)]
    return standing_letters(engine, _wanted(session, options))


def _show_outcome(outcome: Outcome) -> None:
    place = f" → {outcome.place}" if outcome.place else ""
    click.echo(printable(f"{outcome.outcome:<8}  {outcome.letter.place}{place}"))
    if outcome.reason:
        talk(printable(f"  {outcome.reason}"))
        if outcome.hint:
            talk(f"  Next: {outcome.hint}")
