"""The commands ``event emit``, ``event get`` and ``event tail``. Heavy imports wait until one runs."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from bus.cli.exits import PARTIAL
from bus.cli.output import json_option, line, show, talk, wants_json
from bus.cli.session import Session, current_session
from bus.errors import ConfigError, LienthongError, VerificationError

if TYPE_CHECKING:
    from bus.cli.drafts import Given
    from bus.cli.inputs import Item

_WEIGHTS = (0, PARTIAL, VerificationError.exit_code)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


# -- event emit -----------------------------------------------------------------------------------------


@click.command("emit")
@click.argument("target", metavar="TYPE|TOPIC")
@click.option(
    "-f", "--file", "file", required=True, metavar="FILE|-", help="JSON: one event, or one a line; - is stdin."
)
@click.option("--key", help="Whose order it belongs to (default: the dossier's code, or what the event is about).")
@click.option("--source", help="Who says so (default: by-hand). Ids are kept apart by source.")
@click.option("--id", "id", metavar="UUID", help="The event's id.")
@click.option("--native-id", metavar="ID", help="The fact's own id at its source; the event's id is made of it.")
@click.option("--time", metavar="TIME", help="When it happened: 2026-11-24T09:15 (default: now).")
@click.option("--agency", metavar="CODE", help="Who vouches for it.")
@click.option("--correlation", metavar="CODE", help="What it belongs to (default: the dossier's code).")
@click.option("--dry-run", is_flag=True, help="Check only; publish nothing.")
@json_option
def emit_event(target: str, file: str, dry_run: bool, **options: str | None) -> int:
    """Check an event against its contract and publish it, once however often it is emitted.

    \b
    echo '{"dossierCode": {"code": "H56.14-261124-0001", "codeSystem": "VN-DOSSIER"}}' |
      lienthong event emit DossierReceived -f - --agency H56.14
    lienthong event emit dossier.events -f events.jsonl --source archive

    JSON is a payload, or an envelope around one: {"type", "id", "time", "key", "source", "agency", "correlation",
    "payload": {...}}. Times are RFC 3339 with their offset, decimals text, bytes base64. Without an id the event is
    known by its content, so the same content is published once. Options overrule what the JSON says.

    Exit codes: 5 it breaks its contract; 7 some of several were refused; 9 its id stands with other content.
    """
    from bus.cli.drafts import find_target
    from bus.cli.emitted import KNOWN, show_emitted
    from bus.cli.emitting import Emitter
    from bus.cli.inputs import items

    session = current_session()
    given = _given(session, options)
    emitter = Emitter(session, find_target(session.catalogue, target), given, dry_run=dry_run)
    outcomes: Counter[str] = Counter()
    code = 0
    with _opened(file) as stream:
        for item in _only_one(items(stream)) if given.id or given.native_id else items(stream):
            emitted = emitter.emit(item)
            outcomes[emitted.outcome] += 1
            code = code or (emitted.error.exit_code if emitted.error else 0)
            show_emitted(emitted)
    if not wants_json() and (outcomes.total() > 1 or outcomes[KNOWN]):
        talk(", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items()) + "." + _known(outcomes[KNOWN]))
    return PARTIAL if code and outcomes.total() > 1 else code


def _only_one(found: Iterator[Item]) -> Iterator[Item]:
    first = next(found)
    if next(found, None) is not None:
        raise ConfigError("one id was given for several events", hint="Tell each line's `id` or `native_id`.")
    yield first


def _known(count: int) -> str:
    return " What was known had come before: it was not published again." if count else ""


def _given(session: Session, options: dict[str, str | None]) -> Given:
    from datetime import UTC, datetime

    from bus.cli.drafts import Given
    from bus.cli.moments import moment_of, zone_of

    if options["id"] is not None and options["native_id"] is not None:
        raise ConfigError("--id and --native-id both say the id", hint="Give one of them.")
    moment = moment_of(options["time"], zone_of(session.settings.zone))
    time = None if moment is None else datetime.fromtimestamp(moment / 1000, UTC)
    texts = {name: text for name, text in options.items() if name != "time"}
    return Given(time=time, **texts)


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 - closed below; only the opening is guarded
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", hint="Name a file, or - for stdin.") from error
    with stream:
        yield stream


# -- event get ------------------------------------------------------------------------------------------


@click.command("get")
@click.argument("which", metavar="ID|TOPIC/PARTITION/OFFSET")
@click.option("--topic", help="Look for the id on this topic only.")
@json_option
def get_event(which: str, topic: str | None) -> int:
    """Show one event with everything that the log has of it, by its id or by its place.

    \b
    lienthong event get dossier.events/2/41
    lienthong event get 6f1c9a34-7c3b-5d0e-9a55-0f2f6f1c2f57 --json

    An id is looked for from the newest record back, and the answer says how much was read.

    Exit codes: 3 there is none; 6 it was damaged; 7 it cannot be read, or not everything could be searched.
    """
    from bus.cli.getting import full_answer, record_at, search_for, show_record, tell_absence
    from bus.cli.moments import zone_of
    from bus.cli.told import tell

    session = current_session()
    search = search_for(session, which, topic) if _UUID.fullmatch(which) else None
    if search is not None and search.record is None:
        return tell_absence(search, which)
    record = search.record if search and search.record else record_at(session, which)
    told = tell(session.wire, record)
    answer = full_answer(session, told, record, search)
    show(answer, lambda: show_record(told, answer, zone_of(session.settings.zone)))
    return PARTIAL if told.error else 0


# -- event tail -----------------------------------------------------------------------------------------


@click.command("tail")
@click.argument("topics", nargs=-1, metavar="[TOPIC]...")
@click.option(
    "--from", "start", metavar="beginning|end|TIME", help="Where to begin (default: beginning; end with --follow)."
)
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--max", "most", type=click.IntRange(1), help="End after so many.")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only events of this type; may be repeated.")
@json_option
def tail_events(
    topics: tuple[str, ...], start: str | None, follow: bool, most: int | None, types: tuple[str, ...]
) -> int:
    """Show events in the order in which the bus accepted them: what is there, or what comes.

    \b
    lienthong event tail --follow
    lienthong event tail dossier.events --from 2026-11-24T08:00 --type DossierReceived --max 20
    lienthong event tail dossier.events.dead-letter --json

    With --json, one object a line. Exit codes: 6 a record was damaged; 7 one could not be read; 130 ended by Ctrl-C.
    """
    from bus.cli.moments import zone_of
    from bus.cli.tailing import begin_at, watch_told
    from bus.cli.told import answer, lines

    session = current_session()
    zone = zone_of(session.settings.zone)
    begin = begin_at(start or ("end" if follow else "beginning"), zone)
    code = shown = 0
    for told in watch_told(session, topics, begin, types, follow=follow):
        if wants_json():
            line(answer(told))
        else:
            click.echo("\n".join(lines(told, zone)))
        code = max(code, _weight(told.error), key=_WEIGHTS.index)
        shown += 1
        if shown == most:
            break
    if not shown and not wants_json():
        talk("There is nothing to show.")
    return code


def _weight(error: LienthongError | None) -> int:
    if error is None:
        return 0
    return error.exit_code if isinstance(error, VerificationError) else PARTIAL
