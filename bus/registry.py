"""The port to a schema registry. ``registry/`` implements it, in process today and over HTTP later."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol

from msgspec import Struct

from bus.errors import ConfigError


class SchemaVersion(Struct, frozen=True, kw_only=True):
    """A schema under a subject. ``schema_id`` is global, ``version`` counts from 1 within the subject."""

    subject: str
    version: int
    schema_id: int
    schema: str


class Incompatibility(Struct, frozen=True, kw_only=True):
    """One reason why a reader could not read a writer's data.

    ``kind`` is Avro's name for it (``TYPE_MISMATCH``…), ``pointer`` a JSON pointer into the reader's schema.
    """

    kind: str
    pointer: str
    message: str


class SchemaRegistry(Protocol):
    """Where schemas are decided on and remembered. ``tests/contracts/registry.py`` checks every promise:

    * the same content has the same id, under every subject and for ever; ids are small positive integers;
    * what an id or a version means never changes, so callers may cache it without end;
    * ``register`` looks up first: a schema that is there already is answered, not registered again.
    """

    def register(self, subject: str, schema: str) -> SchemaVersion:
        """Add a version under ``subject`` unless it is there. Only ``topic apply`` calls this.

        Raises :class:`~bus.errors.InvalidSchema`, and :class:`~bus.errors.IncompatibleSchema` if readers of
        this version could not read what earlier versions wrote.
        """
        ...

    def schema(self, schema_id: int) -> str:
        """Return the text registered under an id. Raises :class:`~bus.errors.SubjectNotFound`."""
        ...

    def look_up(self, subject: str, schema: str) -> SchemaVersion:
        """Return the version under which this content stands. Raises :class:`~bus.errors.SubjectNotFound`."""
        ...

    def versions(self, subject: str) -> Sequence[SchemaVersion]:
        """Return all versions, oldest first. Raises :class:`~bus.errors.SubjectNotFound`."""
        ...

    def subjects(self) -> Sequence[str]:
        """Return all subjects, in the order of their first registration."""
        ...

    def incompatibilities(self, subject: str, schema: str) -> Sequence[Incompatibility]:
        """Say what stands against ``schema`` as the next version; nothing for an unknown subject.

        Raises :class:`~bus.errors.InvalidSchema`.
        """
        ...


def open_registry(url: str) -> SchemaRegistry:
    """Open the registry that ``url`` names; its scheme is looked up among the entry points ``lienthong.registries``.

    Raises :class:`~bus.errors.ConfigError` for a scheme that no installed package serves.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    for point in entry_points(group="lienthong.registries"):
        if point.name == scheme:
            registry: SchemaRegistry = point.load()(url)
            return registry
    raise ConfigError(
        f"no installed package serves a registry at `{scheme}:`", hint="Set `registry` to a `sqlite:///…` URL."
    )
