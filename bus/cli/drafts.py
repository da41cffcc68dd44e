"""From a JSON object to an event: what the object, the command's options and the contract say, put together. Pure.

The object is a bare payload, or an envelope around one: ``{"type", "id", "time", …, "payload": {…}}``. What
``event get --json`` prints is such an envelope, so it can be emitted elsewhere as it is.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from bus.cli.payloads import payload_from
from bus.codec import compile_codec
from bus.envelope import Envelope, event_id, format_time
from bus.errors import ConfigError, InvalidEnvelope, Misfit
from bus.nearest import did_you_mean, nearest
from schemas.catalogue import Catalogue, EventEntry, TopicEntry, parsed

SOURCE = "by-hand"
"""Who says so, where nobody else is named."""

_TEXTS = ("source", "key", "agency", "correlation", "native_id", "native_version")
_NAMES = ("type", "id", "time", "occurred", "causation", "traceparent", *_TEXTS)
_TOLD = ("place", "accepted", "error", "letter", "schema", "headers", "raw")
"""What ``event get`` and ``event tail`` add to an event: nothing that an envelope says."""

_LONGEST = 1000
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,3}0*)?([Zz]|[+-]\d{2}:\d{2})")
_DOSSIER = "dossierCode"


class Given(Struct, frozen=True, kw_only=True):
    """What the options say; it overrules what stands in the object."""

    key: str | None = None
    source: str | None = None
    id: str | None = None
    native_id: str | None = None
    time: datetime | None = None
    agency: str | None = None
    correlation: str | None = None


class Target(Struct, frozen=True, kw_only=True):
    """What was named: an event type with its topic, or a topic alone, so that each object says its type."""

    topic: TopicEntry
    entry: EventEntry | None


class Draft(Struct, frozen=True, kw_only=True):
    """An event; ``is_timed`` says that somebody told when it happened, so that the time is part of what it tells."""

    event: Envelope
    is_timed: bool


def find_target(catalogue: Catalogue, name: str) -> Target:
    """Return what ``name`` means. Raises :class:`~bus.errors.ConfigError` with the nearest name."""
    types = {entry.type: entry for entry in catalogue.events}
    topic = catalogue.topic(types[name].topic if name in types else name)
    if topic is not None:
        return Target(topic=topic, entry=types.get(name))
    alike = nearest(name, [*types, *(topic.name for topic in catalogue.topics)], cutoff=0.5)
    hint = f"Did you mean {alike}?" if alike else "`lienthong topic list` shows the topics."
    raise ConfigError(f"the catalogue has no event type or topic `{name[:100]}`", hint=hint)


def draft(value: Mapping[str, Any], target: Target, given: Given, catalogue: Catalogue, now: datetime) -> Draft:
    """Return the event that ``value`` tells; ``now`` is when it happened where nobody says.

    Raises :class:`~bus.errors.InvalidEnvelope` and :class:`~bus.errors.Misfit`, with names and never with values.
    """
    facts = _facts(value, target, given)
    if target.entry is None and not _is_wrapped(value):
        raise InvalidEnvelope(
            "a bare payload does not say which event it is",
            hint='Name the event\'s type instead of the topic, or write {"type": …, "payload": {…}}.',
        )
    entry = target.entry or _entry(facts, target, catalogue)
    if facts.get("type", entry.type) != entry.type:
        raise InvalidEnvelope(f"`type` names another event than {entry.type}", hint="Leave it out, or correct it.")
    payload, encoded = _payload(value, entry, prefix="payload" if _is_wrapped(value) else "")
    dossier = _text_of(payload.get(_DOSSIER))
    key = facts.get("key") or _natural_key(entry, target.topic, payload, dossier)
    if not key:
        raise InvalidEnvelope(
            "the event has no key", hint=f"Give `--key`, or `key` beside the payload. {target.topic.key}"
        )
    source = facts.get("source") or SOURCE
    event = Envelope(
        id=facts.get("id") or _id(facts, source, (entry.type, key, encoded)),
        type=entry.type, source=source, key=key, time=facts.get("time", now), payload=payload,
        agency=facts.get("agency"), correlation=facts.get("correlation") or dossier or None,
        causation=facts.get("causation"), traceparent=facts.get("traceparent"),
    )  # fmt: skip
    return Draft(event=event, is_timed="time" in facts)


def _is_wrapped(value: Mapping[str, Any]) -> bool:
    return "payload" in value  # no contract of ours has a field of that name, and a test holds them to it


def _facts(value: Mapping[str, Any], target: Target, given: Given) -> dict[str, Any]:
    """Return what is told about the event beside its payload, checked; the options overrule the object."""
    told = {name: one for name, one in value.items() if one is not None and name not in ("payload", *_TOLD)}
    if not _is_wrapped(value):
        told = {}
    for name in told:
        if name not in _NAMES:
            raise _unknown(name)
    if "occurred" in told:
        told.setdefault("time", told.pop("occurred"))
    facts = {name: _fact(name, one) for name, one in told.items()}
    options = {name: getattr(given, name) for name in given.__struct_fields__ if getattr(given, name) is not None}
    if "native_id" in options:
        facts.pop("id", None)
    return facts | {name: _fact(name, one) for name, one in options.items()}


def _fact(name: str, value: Any) -> Any:
    if name == "time":
        return value if isinstance(value, datetime) else _time(value)
    if name in ("id", "causation"):
        return _uuid(name, value)
    is_text = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()
    if not is_text or not unicodedata.is_normalized("NFC", value):
        raise InvalidEnvelope(f"`{name}` is not 1 to {_LONGEST} printable characters in NFC", hint="Correct it.")
    return value


def _time(value: Any) -> datetime:
    try:
        if isinstance(value, str) and _TIME.fullmatch(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # said below, as for every other text that is no time
    raise InvalidEnvelope(
        "`time` is no RFC 3339 time with its offset, in whole milliseconds", hint="Write 2026-11-24T09:15:00+07:00."
    )


def _uuid(name: str, value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        hint = "Any other id of the source's goes to `--native-id`." if name == "id" else None
        raise InvalidEnvelope(f"`{name}` is not a UUID", hint=hint) from None


def _entry(facts: Mapping[str, Any], target: Target, catalogue: Catalogue) -> EventEntry:
    named = facts.get("type")
    types = target.topic.events
    if named is None and len(types) == 1:
        return catalogue.event(types[0])
    if named in types:
        return catalogue.event(str(named))
    raise InvalidEnvelope(
        f"`type` is {'missing' if named is None else f'no event of {target.topic.name}'}",
        hint=did_you_mean(str(named), types, otherwise=f"Its events are {', '.join(types)}."),
    )


def _payload(value: Mapping[str, Any], entry: EventEntry, prefix: str) -> tuple[dict[str, Any], bytes]:
    """Return the payload and its bytes; a misfit's path is the one in the object."""
    try:
        payload = payload_from(entry.schema, value["payload"] if prefix else value)
        return payload, compile_codec(entry.schema).encode(payload)
    except Misfit as error:
        raise (error.within(prefix) if prefix else error) from None


def _natural_key(entry: EventEntry, topic: TopicEntry, payload: Mapping[str, Any], dossier: str) -> str:
    """Return the key by the catalogue's rule: the dossier's code where it goes by that, else what the event is about.

    An event's first required field is what it is about: its reference, order, request, business or document.
    """
    if dossier and "dossier" in topic.key.casefold():
        return dossier
    required = (field["name"] for field in parsed(entry)["fields"] if "default" not in field)
    return _text_of(payload.get(next((name for name in required if name != _DOSSIER), "")))


def _text_of(value: Any) -> str:
    found = value.get("code") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else ""


def _id(facts: Mapping[str, Any], source: str, content: tuple[str, str, bytes]) -> UUID:
    """Return the id of the source's fact; one that has no id of its own is known by what it tells."""
    if "native_id" in facts:
        return event_id(source, facts["native_id"], facts.get("native_version", ""))
    kind, key, encoded = content
    time = format_time(facts["time"]) if "time" in facts else ""
    parts = [kind.encode(), key.encode(), time.encode(), encoded]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts))
    return event_id(source, f"sha256:{digest.hexdigest()}")


def _unknown(name: str) -> InvalidEnvelope:
    shown = f"`{name}`" if re.fullmatch(r"[A-Za-z_]\w{0,63}", name, re.ASCII) else "a key"
    hint = did_you_mean(name, _NAMES, otherwise=f"Beside `payload` stand {', '.join(_NAMES)}.")
    return InvalidEnvelope(f"{shown} is nothing that an envelope has", hint=hint)
