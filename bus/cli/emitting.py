"""Emitting events by hand: each is checked as a source's would be, and published once however often it is emitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bus.cli.drafts import Draft, Given, Target, draft
from bus.cli.emitted import CHECKED, KNOWN, PUBLISHED, REFUSED, Emitted
from bus.cli.finding import Rereader
from bus.cli.inputs import Item
from bus.cli.progress import progress_bar
from bus.cli.session import Session
from bus.deadletters import SUFFIX
from bus.envelope import Envelope
from bus.errors import ContractError, Duplicate, RecordTooLarge, SubjectNotFound
from bus.producer import Producer
from bus.records import Place
from bus.rules import value_rules


class Emitter:
    """Publishes one object after another. What refuses one object is its outcome; an outage is raised."""

    def __init__(self, session: Session, target: Target, given: Given, *, dry_run: bool) -> None:
        self._session, self._target, self._given, self._dry_run = session, target, given, dry_run
        self._check = value_rules(session.catalogue)
        self._producer = Producer(session.standing_engine.log, session.wire, check=self._check)
        self._reread = Rereader(session.engine.log, target.topic.name)

    def emit(self, item: Item) -> Emitted:
        """Check and publish one object."""
        if item.value is None:
            return Emitted(place=item.place, outcome=REFUSED, error=item.fault)
        drafted: Draft | None = None
        try:
            now = datetime.now(UTC)
            now = now.replace(microsecond=now.microsecond // 1000 * 1000)
            drafted = draft(item.value, self._target, self._given, self._session.catalogue, now)
            return self._rehearsed(item, drafted) if self._dry_run else self._published(item, drafted)
        except SubjectNotFound:
            raise  # before `topic apply` nothing can be emitted
        except (ContractError, RecordTooLarge, Duplicate) as error:
            return Emitted(place=item.place, outcome=REFUSED, event=drafted.event if drafted else None, error=error)

    def _rehearsed(self, item: Item, drafted: Draft) -> Emitted:
        self._check(drafted.event)
        self._session.wire.encode(drafted.event)
        return Emitted(place=item.place, outcome=CHECKED, event=drafted.event)

    def _published(self, item: Item, drafted: Draft) -> Emitted:
        place = self._producer.publish_new(drafted.event)
        if place is not None:
            return Emitted(place=item.place, outcome=PUBLISHED, event=drafted.event, at=str(place))
        known = self._standing(drafted)
        return Emitted(place=item.place, outcome=KNOWN, event=drafted.event, at=known and str(known))

    def _standing(self, drafted: Draft) -> Place | None:
        """Return where the event stands that has this id, None if it is gone. Raises Duplicate if it tells another."""
        with progress_bar("Looking for the event with this id") as progress:
            record = self._reread.find(drafted.event, progress)
        if record is None:
            return None
        if not record.topic.endswith(SUFFIX):
            others = differences(self._session.wire.decode(record), drafted)
            if others:
                raise _conflict(drafted.event, record.place, others)
        return record.place


def differences(standing: Envelope, drafted: Draft) -> list[str]:
    """Return the names of what two tellings of one event have different; what nobody said does not count."""
    event = drafted.event
    facts = ["type", "key", *(["time"] if drafted.is_timed else [])]
    facts += [name for name in ("agency", "correlation", "causation") if getattr(event, name) is not None]
    named = [name for name in facts if getattr(standing, name) != getattr(event, name)]
    return named + [f"payload.{name}" for name in _other_fields(standing.payload, event.payload)]


def _other_fields(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [name for name in dict.fromkeys([*other, *one]) if one.get(name) != other.get(name)]


def _conflict(event: Envelope, place: Place, names: list[str]) -> Duplicate:
    error = Duplicate(
        f"the event {event.id} of {event.source} stands at {place} with other content: {', '.join(names)} differ"
    )
    error.hint = "An event never changes. Emit the correction as an event of its own, with another id."
    return error
