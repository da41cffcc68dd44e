"""A plan: what a replay would do, written down before anything is done, and sealed by its digest. Frozen data.

Whoever agrees to a plan agrees to exactly these records, this target and this mask. It never holds a person's number:
where one was asked for, it has the offsets that were found, and the number's keyed hash.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bus.errors import ConfigError
from bus.records import TopicPartition
from replay.moments import By, Window

Mask = Literal["all", "personal", "none"]
MASKS: tuple[Mask, ...] = get_args(Mask)
"""``all`` hides every tagged field, and makes identifiers pseudonyms; ``personal`` leaves identifiers of dossiers,
payments and parcels; ``none`` hides nothing, and needs a reason.
"""

Kind = Literal["avro", "jsonl", "topic", "http"]
Codec = Literal["deflate", "null"]

FORMAT = 1
RUN_DIGITS = 16
MAX_BYTES = 64 * 1024 * 1024


class About(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one identity that was asked for: its kind (``dossier``, ``citizen``, … or ``key``) and its keyed hash.

    ``value`` is told for dossiers only.
    """

    kind: str
    hidden: str
    value: str | None = None


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which records are meant; what is empty or None leaves it open. Times are milliseconds since 1970, UTC."""

    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    agency: str | None = None
    first: int | None = None
    last: int | None = None
    by: By = "occurred"
    about: About | None = None

    @property
    def window(self) -> Window:
        """The range of time."""
        return Window(first=self.first, last=self.last, by=self.by)


class Stretch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One partition's part: offsets ``first`` to ``end``, half open, and what of them is meant.

    ``checksum`` is the running CRC-32 of the keys and values that are meant, in order; ``tail`` is the offset of the
    last of them and the CRC-32 of its key and value. ``picks`` are the offsets themselves (:mod:`replay.runs.offsets`),
    where they could not be found again by what was asked; None otherwise.
    """

    topic: str
    partition: int
    first: int
    end: int
    records: int
    bytes: int
    checksum: int
    tail: tuple[int, int] | None = None
    picks: str | None = None

    @property
    def name(self) -> TopicPartition:
        """The partition."""
        return TopicPartition(self.topic, self.partition)


class Missing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Offsets, half open, that the plan cannot give.

    ``reason`` is ``retention`` (removed by age; only ``end`` is certain), ``hole`` (a loss that a person accepted),
    ``damaged``, or ``unreadable``, and then ``code`` is the error's.
    """

    topic: str
    partition: int
    first: int
    end: int
    reason: str
    code: str = ""


class Contract(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A schema that records were written with, and how many of them; the name is empty where nobody knows the id."""

    schema_id: int
    name: str
    records: int


class Touched(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class of data (``PERSONAL``, ``SENSITIVE``, ``SECRET``, ``ID:…``): how many records' contracts have it.

    ``fields`` are ``Event.path`` as the contract names them.
    """

    records: int
    fields: tuple[str, ...]


class TargetSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to: a file's absolute path, a topic's name, or a URL.

    ``codec`` is the container's (``deflate`` or ``null``). ``token`` refers to the secret that an HTTP target wants
    (``env:NAME`` or ``file:PATH``); the secret itself stands in no plan. ``ca_file`` has the certificates that it is
    trusted by, where it is none of those that the system trusts.
    """

    kind: Kind
    where: str
    codec: Codec = "deflate"
    token: str | None = None
    ca_file: str | None = None
    allow_http: bool = False


class Pace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast: ``speed`` times the original pace, by the time ``by``; None is as fast as it goes.

    ``max_gap_s`` shortens longer waits to so many seconds of waiting.
    """

    speed: float | None = None
    by: By = "occurred"
    max_gap_s: float | None = None


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole. Times are milliseconds since 1970, UTC; ``occurred`` and ``accepted`` are first and last.

    ``takes_s`` is how long it will take, measured on some of the records on this machine, with the waits of its pace.
    ``undated`` records have no time at which they happened, and are meant whatever range was asked for.
    """

    format: int = FORMAT
    made: int
    nonce: str
    who: str
    reason: str | None
    asked: Asked
    target: TargetSpec
    mask: Mask
    pace: Pace
    stretches: tuple[Stretch, ...]
    missing: tuple[Missing, ...]
    records: int
    bytes: int
    undated: int
    occurred: tuple[int, int] | None
    accepted: tuple[int, int] | None
    types: dict[str, int]
    contracts: tuple[Contract, ...]
    classes: dict[str, Touched]
    takes_s: float
    digest: str = ""

    @property
    def run(self) -> str:
        """The id of the one run that this plan is for: the head of its digest."""
        return self.digest[:RUN_DIGITS]

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that records are meant of."""
        return tuple(dict.fromkeys(one.topic for one in self.stretches if one.records))


def sealed(plan: Plan) -> Plan:
    """Return the plan with its digest: the SHA-256 of all else, as JSON with sorted keys."""
    return replace(plan, digest=_digest(plan))


def encode(plan: Plan) -> bytes:
    """Return the plan as its file holds it."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n"


def read(file: Path) -> Plan:
    """Return the plan in a file. Raises :class:`~bus.errors.ConfigError` where it is none, or not as it was sealed."""
    try:
        plan = msgspec.json.decode(_content(file), type=Plan)
    except OSError as error:
        hint = "`lienthong replay list` shows plans."
        raise ConfigError(f"{file} cannot be read: {error.strerror}", hint=hint) from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{file} is no plan of a replay", hint="`lienthong replay plan` writes one.") from error
    if plan.format != FORMAT:
        raise ConfigError(f"{file} is a plan of format {plan.format}, and this version knows {FORMAT}", hint=_ANEW)
    if plan.digest != _digest(plan):
        raise ConfigError(f"{file} is not as it was sealed: its digest is another", hint=_ANEW)
    return plan


_ANEW = "Make the plan anew: `lienthong replay plan`."


def _content(file: Path) -> bytes:
    """Return what stands in a file, if that is a file: nothing else has an end that could be known before."""
    facts = file.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{file} is no file, so it is no plan", hint="`lienthong replay list` shows plans.")
    if facts.st_size > MAX_BYTES:
        raise ConfigError(f"{file} is over {MAX_BYTES >> 20} MiB, so it is no plan", hint=_ANEW)
    return file.read_bytes()


def _digest(plan: Plan) -> str:
    return hashlib.sha256(msgspec.json.encode(replace(plan, digest=""), order="sorted")).hexdigest()
