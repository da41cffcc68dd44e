"""One record with everything that the log has of it, by its place or by the event's id."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import Any
from uuid import UUID

import click

from bus.cli.exits import NOT_FOUND, PARTIAL
from bus.cli.finding import Search, find_event
from bus.cli.moments import as_clock
from bus.cli.output import fail, printable, show, talk
from bus.cli.overview import checked_topic, event_topics
from bus.cli.progress import progress_bar
from bus.cli.session import Session
from bus.cli.told import Told, answer, headers_answer, raw_answer, told_only
from bus.cli.words import number
from bus.deadletters import PREFIX, SUFFIX, parse_place
from bus.envelope import Envelope
from bus.errors import ConfigError, ContractError, OffsetOutOfRange, TopicNotFound
from bus.records import Record, TopicPartition
from bus.replays import is_replay_topic
from bus.wire import schema_id_of

_NAMED = 5


def record_at(session: Session, place: str) -> Record:
    """Return the record at ``TOPIC/PARTITION/OFFSET``. Raises ConfigError, TopicNotFound, OffsetOutOfRange."""
    if "/" not in place:
        raise ConfigError("that is neither an event's id nor a record's place", hint="Write a UUID, or TOPIC/0/41.")
    topic, partition, offset = parse_place(place)
    name = TopicPartition(checked_topic(session, topic), partition)
    log = session.engine.log
    spans = log.ends(topic)
    if name not in spans:
        raise TopicNotFound(f"there is no partition {name}: the topic has {len(spans)}")
    span = spans[name]
    found = log.read(name, offset, 1) if span.first <= offset < span.end else ()
    if not found or found[0].offset != offset:
        raise OffsetOutOfRange(str(name), offset, *span)
    return found[0]


def search_for(session: Session, event_id: str, topic: str | None) -> Search:
    """Look for an event on one topic, or on all of them and in the dead letters.

    Copies that replays made have their event's id as well: they are found only on the topic that is named.
    """
    if topic is not None:
        topics = [checked_topic(session, topic)]
    else:
        known = [spec.name for spec in session.engine.admin.topics()]
        all_topics = [*event_topics(session), *(name for name in known if name.endswith(SUFFIX))]
        topics = [name for name in all_topics if not is_replay_topic(name)]
    with progress_bar("Looking for the event") as progress:
        return find_event(session.engine.log, topics, UUID(event_id), progress)


def tell_absence(search: Search, event_id: str) -> int:
    """Say what was searched; that not everything could be read is another answer than that there is none."""
    answer = {"place": None, "id": event_id.lower(), "searched": _searched(search)}
    show(answer, lambda: talk(f"There is no event {event_id.lower()} among {number(search.offsets, 'record')}."))
    if search.damaged:
        named = ", ".join(search.damaged[:_NAMED])
        talk(f"{number(len(search.damaged), 'damaged record')} could not be searched: {named}")
    return NOT_FOUND if search.is_whole else PARTIAL


def full_answer(session: Session, told: Told, record: Record, search: Search | None) -> dict[str, Any]:
    """Return a record as JSON: as everywhere, with its schema, all its headers, and its bytes if nobody reads them."""
    return {
        **answer(told),
        "schema": _schema(session, record),
        "headers": headers_answer(record),
        "raw": None if told.event else raw_answer(record.value),
        "searched": _searched(search) if search else None,
    }


def _searched(search: Search) -> dict[str, Any]:
    return {
        "records": search.searched,
        "of": search.offsets,
        "topics": list(search.topics),
        "damaged": list(search.damaged),
    }


def _schema(session: Session, record: Record) -> dict[str, Any] | None:
    """Return the schema that the record's value names, with its subjects; None where it names none that is known."""
    try:
        schema_id = schema_id_of(record.value)
        full_name = session.wire.codec(schema_id).full_name
    except ContractError:
        return None
    registry = session.registry
    places = [(one, version) for one in registry.subjects() if one.endswith(f"-{full_name}")
              for version in registry.versions(one) if version.schema_id == schema_id]  # fmt: skip
    subject, version = (places[0][0], places[0][1].version) if places else (None, None)
    return {"id": schema_id, "full_name": full_name, "subject": subject, "version": version}


def show_record(told: Told, facts: dict[str, Any], zone: tzinfo) -> None:
    """Print a record for people, and on stderr what is wrong with it."""
    click.echo(f"{facts['place']}  accepted {as_clock(told.accepted, zone)}")
    for name in ("type", "id", "occurred", "source", "agency", "key", "correlation", "causation"):
        text = as_clock(_milliseconds(told.event), zone) if name == "occurred" and told.event else facts[name]
        if text:
            click.echo(printable(f"  {name:<12}{text}"))
    if facts["schema"]:
        schema = facts["schema"]
        click.echo(f"  {'schema':<12}{schema['id']}: {schema['subject']}, version {schema['version']}")
    if facts["letter"]:
        click.echo(printable(f"  {'buried':<12}{facts['letter']['code']} {facts['letter']['reason']}"))
    for name, text in facts["headers"]:
        if not name.startswith(("ce_", PREFIX)):
            click.echo(printable(f"  {name}: {text}"))
    if told.event:
        click.echo(json.dumps(told_only(facts["payload"]), ensure_ascii=False, indent=2))
    elif facts["raw"]:
        click.echo(f"  {number(facts['raw']['bytes'], 'byte')}: {facts['raw']['preview']}")
    if facts["searched"]:
        talk(f"Read {facts['searched']['records']:,} of {number(facts['searched']['of'], 'record')}, newest first.")
    if told.error:
        fail(told.error)


def _milliseconds(event: Envelope) -> int:
    return int(event.time.timestamp() * 1000)
