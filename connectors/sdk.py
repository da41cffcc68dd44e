"""What a connector is, in ports: the runtime owns the loop, a connector only knows its partner.

A source is fetched, mapped and published with its cursor in one transaction. ``fetch`` talks to the partner,
``map`` is pure; ``tests/contracts/source.py`` checks the promises of both, for every source.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from bus.envelope import Envelope
from bus.errors import ContractError


class Fetched(Struct, frozen=True, kw_only=True):
    """One native thing: a row, a dossier's version, a progress step.

    ``raw`` are its bytes as they came, kept if it must be buried; ``place`` tells a person where it stands
    (``fines.csv row 12``), without personal data. ``fault`` says why it could not even be read; then ``value`` is None.
    ``native_id`` tells equal ``raw`` things apart in the dead letters, where the partner has such a name. ``key`` is
    the one that its events would have, where that can be told even if it cannot be mapped: letters are found by it.
    """

    raw: bytes
    value: Any
    place: str
    fault: ContractError | None = None
    native_id: str = ""
    key: str = ""


class Batch(Struct, frozen=True, kw_only=True):
    """What one fetch gave, in the partner's order; ``cursor`` is the bookmark behind its last item.

    ``more`` tells that the next fetch need not wait for the interval.
    """

    items: Sequence[Fetched]
    cursor: bytes
    more: bool


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

        Raises :class:`~bus.errors.SourceUnavailable` (tried again), :class:`~bus.errors.CredentialsRefused`
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

    def open(self, config: Path) -> Source:
        """Read and check the configuration; contact nobody. Raises :class:`~bus.errors.ConfigError`."""
        ...


@runtime_checkable
class Sampling(Protocol):
    """A connector that can be tried on a file of one's own."""

    def open_sample(self, config: Path, sample: Path) -> Source:
        """Open as ``open`` does, but read ``sample`` alone. Raises :class:`~bus.errors.ConfigError`."""
        ...
