"""The commands of this room: ``topic apply`` and ``schema check|list|show``. Heavy imports wait until one runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bus.cli.output import json_option, show, table, talk
from bus.cli.session import Session, current_session
from bus.errors import ConfigError

if TYPE_CHECKING:
    from bus.registry import SchemaRegistry, SchemaVersion
    from bus.transport import Engine
    from registry.apply import Step
    from registry.examination import Known, Report

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
@json_option
def apply_topics(dry_run: bool) -> None:
    """Create the catalogue's topics and register its schemas.

    May be repeated: what stands as the catalogue asks is kept, and a topic's retention is adjusted. Partitions and
    cleanup never change: where they differ the command ends with exit code 9 and has changed nothing.
    """
    from registry.apply import apply_catalogue, changes, plan

    session = current_session()
    if dry_run:
        with _standing_engine(session) as engine, _standing_registry(session) as registry:
            steps = plan(engine.admin, registry, session.catalogue)
    else:
        steps = apply_catalogue(session.engine, session.registry, session.catalogue)
    told = [_told(step) for step in steps]
    answer = {"dry_run": dry_run, "changed": len(changes(steps)), "steps": told}
    show(answer, lambda: _show_steps(changes(steps), kept=len(steps) - len(changes(steps)), dry_run=dry_run))


def _told(step: Step) -> dict[str, Any]:
    from registry.apply import TopicStep, cleanup_of

    if isinstance(step, TopicStep):
        return {
            "kind": "topic",
            "action": step.action,
            "name": step.spec.name,
            "partitions": step.spec.partitions,
            "cleanup": cleanup_of(step.spec),
            "retention_ms": step.spec.retention_ms,
        }
    return {
        "kind": "schema",
        "action": step.action,
        "name": step.subject,
        "version": step.version,
        "schema_id": step.schema_id,
    }


def _show_steps(done: Sequence[Step], *, kept: int, dry_run: bool) -> None:
    for step in map(_told, done):
        detail = _topic_words(step) if step["kind"] == "topic" else _schema_words(step)
        click.echo(f"{step['action']:<8} {step['kind']:<6} {step['name']}  {detail}")
    verb = "would change" if dry_run else "changed"
    talk(f"{len(done)} {verb}, {kept} stand as the catalogue asks.")


def _topic_words(step: dict[str, Any]) -> str:
    day_ms = 86_400_000
    kept = "for ever" if step["retention_ms"] is None else f"{step['retention_ms'] / day_ms:g} days"
    kept = "the last record of each key" if step["cleanup"] == "compact" else kept
    return f"({_count(step['partitions'], 'partition')}, keeps {kept})"


def _schema_words(step: dict[str, Any]) -> str:
    shown = "" if step["schema_id"] is None else f", id {step['schema_id']}"
    return f"(version {step['version']}{shown})"


# -- schema check ---------------------------------------------------------------------------------------


@click.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--subject", help="Whose next version it would be (default: the catalogue's, by the record's full name).")
@json_option
def check_schema(file: Path, subject: str | None) -> int:
    """Say whether the schema in FILE (.avsc) could be the next version of its subject.

    It is held against every registered version, or against the catalogue's where nothing is registered yet. Exit
    code 5 if it is no schema, if the bus refuses it, or if it could not read what earlier versions wrote.
    """
    from registry.examination import examine

    text = _read(file)
    with _known() as known:
        report = examine(known, text, subject)
    show({"file": str(file), **_report(report)}, lambda: _show_report(report))
    return 0 if report.is_compatible else _INCOMPATIBLE


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


def _report(report: Report) -> dict[str, Any]:
    return {
        "full_name": report.full_name,
        "subject": report.subject,
        "compared_with": {"where": report.source, "versions": list(report.versions)},
        "same_as_version": report.same_as,
        "compatible": report.is_compatible,
        "incompatibilities": [
            {
                "kind": reason.kind,
                "pointer": reason.pointer,
                "message": reason.message,
                "meaning": advice.meaning,
                "suggestion": advice.suggestion,
            }
            for reason, advice in report.reasons
        ],
        "warnings": [{"pointer": warning.pointer, "message": warning.message} for warning in report.warnings],
    }


def _show_report(report: Report) -> None:
    for reason, advice in report.reasons:
        click.echo(f"{reason.kind} at {reason.pointer}\n  what:  {reason.message}")
        click.echo(f"  means: {advice.meaning}\n  try:   {advice.suggestion}")
    for warning in report.warnings:
        click.echo(f"warning at {warning.pointer}: {warning.message}")
    click.echo(_conclusion(report))
    if report.nearest:
        talk(f"Is {report.full_name} meant to be {report.nearest}? Then say `--subject`, or correct its name.")


def _conclusion(report: Report) -> str:
    if report.subject is None:
        return f"{report.full_name} is a good schema; the catalogue has no such event, so there was nothing to compare."
    if report.same_as is not None:
        return f"This is version {report.same_as} of {report.subject}, already there."
    if not report.versions:
        return f"{report.full_name} is a good schema, and would be the first version of {report.subject}."
    compared = f"the {report.source}'s {_count(len(report.versions), 'version')} of {report.subject}"
    if report.is_compatible:
        return f"Compatible with {compared}."
    return f"Not compatible with {compared}: {_count(len(report.reasons), 'reason')}."


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


# -- schema list, schema show ---------------------------------------------------------------------------


@click.command("list")
@json_option
def list_schemas() -> None:
    """List the registered subjects with their newest version."""
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
    """Print one registered schema, by subject, by event type (DossierReceived) or by id."""
    from registry import avro
    from registry.examination import find_versions

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


def _show_schema(answer: dict[str, Any]) -> None:
    for place in answer["subjects"]:
        talk(f"{place['subject']}, version {place['version']}")
    talk(f"id {answer['schema_id']}, fingerprint {answer['fingerprint']}")
    click.echo(json.dumps(answer["schema"], ensure_ascii=False, indent=2))
