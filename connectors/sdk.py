"""What a connector is, in ports: the runtime owns every loop, a connector only knows its partner.

A connector has parts. A *source* brings what a partner has, a *sink* takes events to it, an *exchange* is a sink whose
answers are events again, and a *webhook* takes what a partner sends by itself. ``tests/contracts/`` checks the promises
of each, for every connector. ``connectors/README.md`` walks through the life of a batch, a delivery and a notice.

Left out on purpose: cursors, retries, ledger, inbox, dead letters and books, which are the runtime's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from msgspec import Struct

from bus.envelope import Envelope
from bus.errors import ContractError, LienthongError

if TYPE_CHECKING:
    from connectors.ledger import Ledger


# -- from a partner: sources ----------------------------------------------------------------------------


class Fetched(Struct, frozen=True, kw_only=True):
    """One native thing: a row, a dossier's version, a progress step, a notice.

    ``raw`` are its bytes as they came, kept if it must be buried; ``place`` tells a person where it stands
    (``fines.csv row 12``), without personal data. ``fault`` says why it could not even be read; then ``value`` is None.
    ``native_id`` tells equal ``raw`` things apart in the dead letters, where the partner has such a name. ``key`` is
    the one that its events would have, where that can be told even if it cannot be mapped: letters are found by it.
    ``proof`` is a notice's signature, where that does not cover all of ``raw``: what it leaves out anybody can change,
    so the dead letters know a repeat by the signature and not by the bytes.
    """

    raw: bytes
    value: Any
    place: str
    fault: ContractError | None = None
    native_id: str = ""
    key: str = ""
    proof: str = ""


class Batch(Struct, frozen=True, kw_only=True):
    """What one fetch gave, in the partner's order; ``cursor`` is the bookmark behind its last item.

    ``more`` tells that the next fetch need not wait for the interval; then ``cursor`` is another one than before.
    """

    items: Sequence[Fetched]
    cursor: bytes
    more: bool


@runtime_checkable
class Source(Protocol):
    """One partner's stream of facts.

    * ``fetch`` with the same cursor gives the same things again, and whatever is new, in order;
    * ``map`` of the same item gives the same events with the same ids, for ever, and does nothing else.
    """

    @property
    def name(self) -> str:
        """The instance: names its cursor, its inbox scope and, as a rule, ``ce_source``."""
        ...

    @property
    def topic(self) -> str:
        """Where an item that cannot be mapped is buried: in this topic's dead letters."""
        ...

    @property
    def interval_s(self) -> float:
        """How long to rest when there is no more, in seconds."""
        ...

    def fetch(self, cursor: bytes | None) -> Batch:
        """Return what follows ``cursor`` (None: from the very first), a bounded amount at a time.

        Raises :class:`~bus.errors.PartnerUnavailable` (tried again), :class:`~bus.errors.CredentialsRefused`
        and :class:`~bus.errors.CursorLost` (both stop the connector).
        """
        ...

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return the events that ``item`` tells, in order; none if it tells nothing new.

        Raises :class:`~bus.errors.ContractError`: the item is buried, raw, and those around it go on.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections. May be repeated."""
        ...


@runtime_checkable
class Watching(Protocol):
    """A source that reads differently where the runtime goes on watching after the end."""

    def watch(self) -> None:
        """Leave unfinished things for later: called once, before the first fetch, unless the run ends at the end."""
        ...


# -- to a partner: sinks and exchanges ------------------------------------------------------------------


class Operation(NamedTuple):
    """What is to be done at the partner: ``name`` is ours (``order``), ``reference`` the partner's name for this one.

    References are codes (an order's number, a payment's reference), never a person's. ``asked`` is what the ledger
    remembers of it before the call. ``repeatable`` if the partner honours the reference or the key, so that a call
    whose outcome is unknown may simply be made again.
    """

    name: str
    reference: str
    asked: bytes = b""
    repeatable: bool = False


class Delivery(Struct, frozen=True, kw_only=True):
    """An event on its way to a partner, with the idempotency key of what is to be done: 64 hexadecimal digits.

    The key is the same whenever this event is delivered by this connector, for ever.
    """

    event: Envelope
    operation: Operation
    key: str


@runtime_checkable
class Sink(Protocol):
    """What takes events to one partner. Its runtime keeps the ledger, so that an event acts at the partner once.

    * ``operation`` is pure: the same event gives the same operation, for ever;
    * ``deliver`` does it, and returns what of the answer is to be kept: never a raw reply, never personal data;
    * ``settle`` only asks; it never acts;
    * a delivery's failure says by its class what to do: see ``deliver``.
    """

    @property
    def name(self) -> str:
        """The instance: names its consumer group, its part of the ledger and, in an exchange, ``ce_source``."""
        ...

    @property
    def topics(self) -> tuple[str, ...]:
        """Where the events come from."""
        ...

    @property
    def accepts(self) -> frozenset[str]:
        """The event types that are delivered; others are passed over undecoded."""
        ...

    @property
    def not_from(self) -> frozenset[str]:
        """Sources whose events the partner does not get: as a rule its own, which would come back to it."""
        ...

    @property
    def settles_after_s(self) -> float:
        """How long the partner may still work on a call that broke off: it is asked about it no sooner, in seconds."""
        ...

    def operation(self, event: Envelope) -> Operation | None:
        """Return what ``event`` asks to be done; None if nothing: the ledger says so. Pure.

        Raises :class:`~bus.errors.ContractError`: the event is buried.
        """
        ...

    def deliver(self, delivery: Delivery) -> bytes:
        """Make the call, once, and return what of the answer is kept in the ledger; may be empty.

        Raises :class:`~bus.errors.PartnerUnavailable` (tried again; after ``may_have_acted`` the partner is asked
        first), :class:`~bus.errors.CredentialsRefused` or another :class:`~bus.errors.ConnectorError` (the connector
        stops with that sentence), :class:`~bus.errors.Rejected` or another ContractError (the event is buried).
        """
        ...

    def settle(self, delivery: Delivery) -> bytes | None:
        """Ask the partner whether an earlier call has acted: return the answer as ``deliver`` would have, None if not.

        Only called for operations that are not ``repeatable``. Raises as ``deliver`` does, and
        :class:`~bus.errors.LeftAmbiguous` where the partner cannot tell: the event is buried for a person to decide.
        """
        ...

    def close(self) -> None:
        """Let go of connections. May be repeated."""
        ...


@runtime_checkable
class Exchange(Sink, Protocol):
    """A sink whose partner's answer is news: command in, call, reply event, which is committed with the offset."""

    def reply(self, event: Envelope, answer: bytes) -> Sequence[Envelope]:
        """Return the events that an answer tells. Pure: after a crash it is asked again, from the ledger alone.

        Each carries ``event.id`` as causation, and an id that is a function of the command and the answer.
        Raises :class:`~bus.errors.ContractError`: the command is buried.
        """
        ...


@runtime_checkable
class Replayable(Protocol):
    """A sink that also takes what a replay marked. Its keys then tell runs apart: each run acts once more."""

    @property
    def accepts_replays(self) -> bool:
        """Whether it does; any other sink passes over them, and counts them."""
        ...


# -- by the partner's own wish: webhooks ----------------------------------------------------------------


class Call(Struct, frozen=True, kw_only=True):
    """An HTTP request as it came. ``query`` is raw, header names are lower case, ``body`` is whole and below the limit.

    ``at`` is when it came, in milliseconds UTC.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    at: int


class Verdict(Enum):
    """What became of a call, for the partner's own words.

    ``ACCEPTED`` is durable; ``KNOWN`` was accepted before; ``REFUSED`` and ``NOT_PROVEN`` carry the reason; ``BUSY``
    asks the partner to come again.
    """

    ACCEPTED = "accepted"
    KNOWN = "known"
    REFUSED = "refused"
    NOT_PROVEN = "not_proven"
    BUSY = "busy"


class Said(Struct, frozen=True, kw_only=True):
    """What the partner is answered. Its body and headers hold nothing that the partner did not send."""

    status: int
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"


@runtime_checkable
class Webhook(Protocol):
    """What a partner calls: a notice is proven, compared, mapped, and durable before it is answered with success.

    * ``read`` verifies the signature over the raw bytes, in constant time, before it believes anything;
    * ``examine`` compares with what was asked, and changes nothing;
    * ``map`` is pure, as a source's;
    * ``answer`` speaks the partner's contract, also to who is refused.
    """

    @property
    def name(self) -> str:
        """The instance: its path is ``/hooks/NAME``; names its inbox scope and, as a rule, ``ce_source``."""
        ...

    @property
    def topic(self) -> str:
        """Where a proven notice that is refused is buried: in this topic's dead letters."""
        ...

    def read(self, call: Call) -> Fetched:
        """Return the notice in a call, proven. Its ``native_id`` is needed: the inbox knows a repeat by it.

        Raises :class:`~bus.errors.NotProven` (nothing is kept) and :class:`~bus.errors.Unreadable`.
        """
        ...

    def examine(self, item: Fetched) -> None:
        """Compare a proven notice with what was asked. Raises :class:`~bus.errors.ContractError`: it is buried."""
        ...

    def map(self, item: Fetched) -> Sequence[Envelope]:
        """Return the events that a notice tells. Pure. Raises :class:`~bus.errors.ContractError`: it is buried."""
        ...

    def answer(self, verdict: Verdict, item: Fetched | None, error: LienthongError | None) -> Said:
        """Return what the partner is told; ``item`` is None where the notice could not be read. Raises nothing."""
        ...

    def close(self) -> None:
        """Let go of what is open. May be repeated."""
        ...


# -- whole connectors -----------------------------------------------------------------------------------

Part: TypeAlias = Source | Sink | Webhook


@runtime_checkable
class Bookkeeping(Protocol):
    """A part that looks into the delivery ledger: what was asked, and what is still waited for."""

    def keep(self, ledger: Ledger) -> None:
        """Take the ledger: called once, before anything else. Parts only read it."""
        ...


class Connector(Protocol):
    """A kind of connector, found by its name among the entry points ``lienthong.connectors``."""

    @property
    def name(self) -> str:
        """As in ``lienthong connector run NAME``."""
        ...

    @property
    def summary(self) -> str:
        """One line for ``lienthong connector list``."""
        ...

    def open(self, config: Path) -> Sequence[Part]:
        """Read and check the configuration and return the parts; contact nobody.

        Parts of one configuration may share its name: a group, a cursor and a path do not collide.
        Raises :class:`~bus.errors.ConfigError`.
        """
        ...


@runtime_checkable
class Sampling(Protocol):
    """A connector that can be tried on a file of one's own."""

    def open_sample(self, config: Path, sample: Path) -> Source:
        """Open its source as ``open`` does, but read ``sample`` alone. Raises :class:`~bus.errors.ConfigError`."""
        ...
