"""The commands of this room: ``topic apply`` and ``schema check|list|show``. Heavy imports wait until one runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.cli.output import json_option, show, table, talk
from bus.cli.session import LOST_REGISTRY, Session, current_session
from bus.errors import ConfigError, InvalidSchema, SubjectNotFound

if TYPE_CHECKING:
    from bus.registry import SchemaRegistry, SchemaVersion
    from bus.transport import Engine
    from registry.apply import Step
    from registry.examination import Known, Report
    from registry.replays import AskedReplays

_MAX_FILE_BYTES = 1_000_000
_INCOMPATIBLE = 5


# -- a look makes no file: a store that is not there is an empty one ------------------------------------


@contextmanager
def _known() -> Iterator[Known]:
    """Lend what a schema is held against."""
    from registry.examination import Known

    session = current_session()
    with _standing_registry(session) as registry:
        yield Known(registry, session.catalogue)


@contextmanager
def _standing_registry(session: Session) -> Iterator[SchemaRegistry]:
    from registry.opening import IN_MEMORY, open_local, stands

    if stands(session.settings.registry):
        yield session.registry
        return
    with closing(open_local(IN_MEMORY)) as registry:
        yield registry


@contextmanager
def _standing_engine(session: Session) -> Iterator[Engine]:
    from bus.transports import open_engine, stands

    if stands(session.settings.transport):
        yield session.engine
        return
    with closing(open_engine("sqlite://")) as engine:
        yield engine


# -- topic apply ----------------------------------------------------------------------------------------


@click.command("apply")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--replay", "names", multiple=True, metavar="NAME", help="Make this private topic for replays instead.")
@click.option("--partitions", type=click.IntRange(1, 64), help="Of topics for replays (default: 4).")
@click.option("--retention-days", type=click.IntRange(1, 36_500), help="Of topics for replays (default: 30).")
@json_option
def apply_topics(dry_run: bool, names: tuple[str, ...], partitions: int | None, retention_days: int | None) -> None:
    """Create the catalogue's topics and register its schemas.

    \b
    lienthong topic apply --dry-run
    lienthong topic apply
    lienthong topic apply --replay replay.audit-2026 --retention-days 7

    May be repeated: what stands as the catalogue asks is kept, and a topic's retention is adjusted. Partitions and
    cleanup never change: where they differ the command ends with exit code 9 and has changed nothing.

    With --replay, as often as there are topics, it makes these and leaves the catalogue's alone. Their names begin with
    `replay.`; a replay may write there, and nobody takes what is in them for history.
    """
    if names:
        from registry.replays import AskedReplays

        asked = AskedReplays(names=names, partitions=partitions, retention_days=retention_days)
        _show_applied(_apply_replays(asked, dry_run=dry_run), "as is asked", dry_run=dry_run)
    elif (partitions, retention_days) != (None, None):
        raise click.UsageError("--partitions and --retention-days are for topics that --replay names.")
    else:
        _show_applied(_apply_catalogue(dry_run=dry_run), "as the catalogue asks", dry_run=dry_run)


def _apply_catalogue(*, dry_run: bool) -> Sequence[Step]:
    from registry.apply import apply_catalogue, plan

    session = current_session()
    if dry_run:
        with _standing_engine(session) as engine, _standing_registry(session) as registry:
            return plan(engine.admin, registry, session.catalogue)
    lost = session.lost_registry()
    steps = apply_catalogue(session.engine, session.make_registry(), session.catalogue)
    if lost is not None:
        talk(f"{lost} was gone while the log has records, and was made anew. {LOST_REGISTRY}")
    return steps


def _apply_replays(asked: AskedReplays, *, dry_run: bool) -> Sequence[Step]:
    from registry.replays import make_replays, plan_replays

    session = current_session()
    with _standing_engine(session) as engine:
        steps = plan_replays(engine.admin, session.catalogue, asked)
    if not dry_run:
        make_replays(session.engine.admin, steps)
    return steps


def _show_applied(steps: Sequence[Step], as_asked: str, *, dry_run: bool) -> None:
    from registry.apply import changes
    from registry.telling import step_answer

    done = changes(steps)
    answer = {"dry_run": dry_run, "changed": len(done), "steps": [step_answer(step) for step in steps]}
    show(answer, lambda: _show_steps(done, f"{len(steps) - len(done)} stand {as_asked}.", dry_run=dry_run))


def _show_steps(done: Sequence[Step], kept: str, *, dry_run: bool) -> None:
    from registry.telling import step_words

    for step in done:
        click.echo(step_words(step))
    talk(f"{len(done)} {'would change' if dry_run else 'changed'}, {kept}")


# -- schema check ---------------------------------------------------------------------------------------


@click.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--subject", help="Whose next version it would be (default: the catalogue's, by the record's full name).")
@json_option
def check_schema(file: Path, subject: str | None) -> int:
    """Say whether the schema in FILE (.avsc) could be the next version of its subject.

    \b
    lienthong schema check DossierReceived.avsc
    lienthong schema check new.avsc --subject dossier.events-vn.lienthong.dossier.DossierReceived --json

    It is held against every registered version, or against the catalogue's where nothing is registered yet. Exit
    code 5 if it is no schema, if the bus refuses it, or if it could not read what earlier versions wrote.
    """
    from registry.examination import examine
    from registry.telling import report_answer

    text = _read(file)
    with _known() as known, _hinted():
        report = examine(known, text, subject)
    show({"file": str(file), **report_answer(report)}, lambda: _show_report(report))
    return 0 if report.is_compatible else _INCOMPATIBLE


@contextmanager
def _hinted() -> Iterator[None]:
    """Say what to do about a file that is no schema, where the error itself does not."""
    try:
        yield
    except InvalidSchema as error:
        error.hint = error.hint or _hint_for(str(error))
        raise


def _hint_for(message: str) -> str:
    if "defined nowhere" in message:
        return "A contract defines each of its types itself, where it is first used; or correct the type's name."
    return "Correct that place; `lienthong schema show DossierReceived` prints a contract that is right."


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_FILE_BYTES + 1)
        if len(data) > _MAX_FILE_BYTES:
            raise ConfigError(f"{file} is over {_MAX_FILE_BYTES:,} bytes", hint="Is it really a schema?")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 at byte {error.start}", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error


def _show_report(report: Report) -> None:
    from registry.telling import report_lines

    for text in report_lines(report):
        click.echo(text)
    if report.nearest:
        talk(f"Is {report.full_name} meant to be {report.nearest}? Then say `--subject`, or correct its name.")


# -- schema list, schema show ---------------------------------------------------------------------------


@click.command("list")
@json_option
def list_schemas() -> None:
    """List the registered subjects with their newest version.

    \b
    lienthong schema list
    lienthong schema list --json
    """
    with _known() as (registry, _):
        newest = [(subject, registry.versions(subject)) for subject in registry.subjects()]
    answer = [
        {
            "subject": subject,
            "versions": [version.version for version in versions],
            "schema_ids": [version.schema_id for version in versions],
        }
        for subject, versions in newest
    ]
    show(answer, lambda: _show_subjects(newest))


def _show_subjects(newest: Iterable[tuple[str, Sequence[SchemaVersion]]]) -> None:
    rows = [(subject, versions[-1].version, versions[-1].schema_id) for subject, versions in newest]
    if rows:
        table(("subject", "version", "id"), rows)
    else:
        talk("Nothing is registered yet. `lienthong topic apply` registers the catalogue.")


@click.command("show")
@click.argument("which", metavar="SUBJECT|TYPE|ID")
@click.option("--version", type=click.IntRange(min=1), help="A version of the subject (default: the newest).")
@json_option
def show_schema(which: str, version: int | None) -> None:
    """Print one registered schema, by subject, by event type or by id.

    \b
    lienthong schema show DossierReceived
    lienthong schema show DossierReceived --version 1 > DossierReceived.avsc
    lienthong schema show 10 --json

    Exit code 3 if nothing is registered under it.
    """
    from registry import avro
    from registry.examination import find_versions

    _check_stands(current_session())
    with _known() as known:
        found = find_versions(known, which, version)
    parsed = avro.parse(found[0].schema)
    answer = {
        "schema_id": found[0].schema_id,
        "full_name": parsed.root.full_name,
        "fingerprint": avro.fingerprint(parsed),
        "subjects": [{"subject": one.subject, "version": one.version} for one in found],
        "schema": json.loads(found[0].schema),
    }
    show(answer, lambda: _show_schema(answer))


def _check_stands(session: Session) -> None:
    """Raise :class:`~bus.errors.SubjectNotFound` with the folder where there is no registry to look into."""
    from bus.settings import shown
    from registry.opening import stands

    if not stands(session.settings.registry):
        raise SubjectNotFound(
            f"there is no registry at {shown(session.settings)['registry']}",
            hint="`lienthong topic apply` makes it; `--data` or LIENTHONG_DATA names another folder.",
        )


def _show_schema(answer: dict[str, Any]) -> None:
    for place in answer["subjects"]:
        talk(f"{place['subject']}, version {place['version']}")
    talk(f"id {answer['schema_id']}, fingerprint {answer['fingerprint']}")
    click.echo(json.dumps(answer["schema"], ensure_ascii=False, indent=2))
