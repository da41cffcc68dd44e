"""The commands ``deadletter list|show``; ``bus.cli.closing`` has those that act. Heavy imports wait until one runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from bus.cli.output import json_option, printable, show, talk
from bus.cli.session import Session, current_session
from bus.errors import ConfigError

if TYPE_CHECKING:
    from datetime import tzinfo

    from bus.cli.burials import Cause, Wanted
    from bus.redrive import Standing
    from bus.settlements import Settlement

topic_option = click.option("--topic", help="Only letters of this topic, as dossier.events.")
code_option = click.option("--code", help="Only letters with this error code, as LT-E2102.")
since_option = click.option(
    "--since", metavar="TIME", help="Only letters buried since: 2026-11-24 or 2026-11-24T09:15."
)


# -- deadletter list ------------------------------------------------------------------------------------


@click.command("list")
@topic_option
@code_option
@since_option
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
    found = causes(_kept(standing_letters(session.standing_engine, wanted(session, options)), kept, each=each))
    answer: dict[str, Any] = {
        "letters": sum(cause.letters for cause in found),
        "open": sum(cause.open for cause in found),
        "causes": [cause_answer(cause) for cause in found],
    }
    reasons = _reasons(session, kept, options["topic"])
    if each:
        answer["each"] = [_standing_answer(standing, reasons.get(str(standing.letter.place))) for standing in kept]
    show(answer, lambda: _list(found, kept, reasons, zone_of(session.settings.zone)))


def _kept(standings: Iterable[Standing], kept: list[Standing], *, each: bool) -> Iterable[Standing]:
    """Pass letters on, and keep them only where each is asked for: there may be very many."""
    for standing in standings:
        if each:
            kept.append(standing)
        yield standing


def _reasons(session: Session, kept: Sequence[Standing], topic: str | None) -> Mapping[str, Settlement]:
    """Return why letters were closed, by their places; they are looked for only where one is."""
    from bus.redrive import letter_topics, settlements

    if all(standing.is_open for standing in kept):
        return {}
    return settlements(session.standing_engine, letter_topics(session.standing_engine, topic))


def wanted(session: Session, options: dict[str, str | None]) -> Wanted:
    """Return which letters the options mean. Raises ConfigError, TopicNotFound."""
    from bus.cli.burials import Wanted
    from bus.cli.moments import moment_of, zone_of
    from bus.cli.overview import check_letters_of

    topic = options["topic"]
    if topic is not None:
        check_letters_of(session, topic)
    since = moment_of(options["since"], zone_of(session.settings.zone))
    return Wanted(topic=topic, code=options["code"], since=since)


def _standing_answer(standing: Standing, settlement: Settlement | None) -> dict[str, Any]:
    from bus.cli.moments import as_text
    from bus.cli.told import letter_answer
    from bus.settlements import DISCARDED, REDRIVEN, SETTLED

    letter = standing.letter
    buried = as_text(letter.place.timestamp)
    return {
        "place": str(letter.place),
        "accepted": buried,
        **{kind: standing.closed == kind for kind in (REDRIVEN, SETTLED, DISCARDED)},
        "settlement": settlement and {"kind": settlement.kind, "time": settlement.time, "reason": settlement.reason},
        **letter_answer(letter),
    }


def _list(found: Sequence[Cause], kept: Sequence[Standing], reasons: Mapping[str, Settlement], zone: tzinfo) -> None:
    from bus.cli.burials import bare_reason
    from bus.cli.moments import as_clock
    from bus.cli.words import number

    for cause in found:
        opened = f"{cause.open:,} open" if cause.open else "all closed"
        what = f"{cause.code}  {cause.stage} by {cause.by}" if cause.code or cause.by else "all other causes"
        click.echo(printable(f"{cause.topic}  {what}"))
        first, last = as_clock(cause.first, zone), as_clock(cause.last, zone)
        click.echo(f"  {number(cause.letters, 'letter')}, {opened}, from {first} to {last}")
        click.echo(printable(f"  {cause.example.place}: {cause.example.reason}"))
    for standing in kept:
        letter = standing.letter
        buried = as_clock(letter.place.timestamp, zone)
        click.echo(printable(f"{buried}  {_state(standing):<9}  {letter.place}  {letter.code}  {letter.origin}"))
        click.echo(printable(f"    {bare_reason(letter)}"))
        if str(letter.place) in reasons:
            click.echo(printable(f"    {_closing(reasons[str(letter.place)], zone)}"))
    if not found:
        talk("There are no such dead letters.")
    for text in _next([cause for cause in found if cause.open]):
        talk(text)


def _next(found: Sequence[Cause]) -> Iterable[str]:
    """Yield what fits the letters that are open."""
    from bus.cli.burials import is_of_group

    if any(is_of_group(cause.example) for cause in found):
        yield "Next: `lienthong deadletter show PLACE`, then `lienthong deadletter redrive PLACE`, or `--topic TOPIC`."
        yield "What nobody needs any more: `lienthong deadletter discard PLACE --reason TEXT`."
    if not all(is_of_group(cause.example) for cause in found):
        yield (
            "Next, for what a source brought: correct it, run the source again, then"
            " `lienthong deadletter settle PLACE --reason TEXT`."
        )


def _state(standing: Standing) -> str:
    return standing.closed or "open"


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
    show(_letter_answer(session, standing, _settlement(session, standing)), lambda: _show(session, standing))


def _settlement(session: Session, standing: Standing) -> Settlement | None:
    from bus.redrive import find_settlement

    return None if standing.is_open else find_settlement(session.standing_engine, standing.letter)


def _letter_answer(session: Session, standing: Standing, settlement: Settlement | None) -> dict[str, Any]:
    from bus.cli.plain import plain_event
    from bus.cli.told import headers_answer, preview, raw_answer, tell

    record = standing.letter.record
    told = tell(session.wire, record)
    return {
        **_standing_answer(standing, settlement),
        "key": None if record.key is None else preview(record.key),
        "headers": headers_answer(record),
        "raw": raw_answer(record.value),
        "event": plain_event(told.event) if told.event else None,
    }


def _show(session: Session, standing: Standing) -> None:
    import json

    from bus.cli.moments import as_clock, zone_of
    from bus.cli.told import told_only
    from bus.cli.words import number

    settlement = _settlement(session, standing)
    answer, zone = _letter_answer(session, standing, settlement), zone_of(session.settings.zone)
    click.echo(f"{answer['place']}  {_state(standing)}, buried {as_clock(standing.letter.place.timestamp, zone)}")
    if settlement:
        click.echo(printable(f"  {_closing(settlement, zone)}"))
    for name in ("code", "reason", "stage", "by", "origin", "attempts", "redrives", "key"):
        if answer[name]:
            click.echo(printable(f"  {name:<9} {answer[name]}"))
    for name, text in answer["headers"]:
        if not name.startswith("lt_error_"):
            click.echo(printable(f"  {name}: {text}"))
    if answer["event"]:
        click.echo(json.dumps(told_only(answer["event"]["payload"]), ensure_ascii=False, indent=2))
    elif answer["raw"]:
        click.echo(f"  {number(answer['raw']['bytes'], 'byte')}: {answer['raw']['preview']}")


def _closing(settlement: Settlement, zone: tzinfo) -> str:
    """Return how a letter was closed, with the time in people's zone; as it stands where the log's text is no time."""
    from bus.cli.moments import as_clock, moment_of, zone_of

    try:
        when = as_clock(moment_of(settlement.time, zone_of("UTC")) or 0, zone)
    except ConfigError:
        when = settlement.time
    return f"{settlement.kind:<9} {when}: {settlement.reason}"
