"""What the registry remembers: schemas under their ids, subjects and versions. SQL stands here and nowhere else.

A :class:`Store` decides nothing about Avro: callers bring a schema's identity and have checked its compatibility.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Select, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from bus.registry import SchemaVersion
from registry.database import open_database, reading, writing
from registry.tables import content, counter, subject, version


class Candidate(NamedTuple):
    """A schema that was found good: its text, and the digest of its identity."""

    schema: str
    identity: str


class Store:
    """The registry's tables at one URL. May be shared by threads; several processes may hold one each.

    * what :meth:`add` has answered survives a crash, and a crash in the middle of it leaves nothing;
    * one identity has one id, whoever comes first; versions of a subject have no gap.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_database(url)

    def text(self, schema_id: int) -> str | None:
        """Return the text under an id, or None."""
        with reading(self._engine) as connection:
            found = connection.execute(select(content.c.schema_text).where(content.c.schema_id == schema_id))
            return found.scalar_one_or_none()

    def find(self, subject_name: str, identity: str) -> SchemaVersion | None:
        """Return the newest version of a subject that has this identity, or None."""
        query = _versions().where(subject.c.name == subject_name, content.c.identity == identity)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(version.c.version.desc()).limit(1)).first()
        return None if row is None else SchemaVersion(**row._mapping)

    def versions(self, subject_name: str) -> Sequence[SchemaVersion]:
        """Return a subject's versions, oldest first; none for an unknown subject."""
        query = _versions().where(subject.c.name == subject_name).order_by(version.c.version)
        with reading(self._engine) as connection:
            return [SchemaVersion(**row._mapping) for row in connection.execute(query)]

    def subjects(self) -> Sequence[str]:
        """Return all subjects, in the order of their first registration."""
        with reading(self._engine) as connection:
            return connection.execute(select(subject.c.name).order_by(subject.c.subject_id)).scalars().all()

    def add(self, subject_name: str, candidate: Candidate, expected: int) -> SchemaVersion | None:
        """Add ``candidate`` as version ``expected``; None if somebody else moved the subject or took an id meanwhile.

        The caller has then to look again, because its decision was made on another state.
        """
        try:
            with writing(self._engine) as connection:
                return _add(connection, subject_name, candidate, expected)
        except _Overtaken:
            return None

    def close(self) -> None:
        """Close all connections. May be repeated."""
        self._engine.dispose()


class _Overtaken(Exception):
    """Another writer was first: the transaction is rolled back."""


def _versions() -> Select[tuple[str, int, int, str]]:
    columns = (
        subject.c.name.label("subject"),
        version.c.version,
        version.c.schema_id,
        content.c.schema_text.label("schema"),
    )
    return select(*columns).select_from(version.join(subject).join(content))


def _add(connection: Connection, name: str, candidate: Candidate, expected: int) -> SchemaVersion:
    subject_id = _locked(connection, name, expected)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    known = connection.execute(select(content.c.schema_id).where(content.c.identity == candidate.identity))
    schema_id = known.scalar_one_or_none() or _new_content(connection, candidate, now)
    connection.execute(update(subject).where(subject.c.subject_id == subject_id).values(next_version=expected + 1))
    connection.execute(
        insert(version).values(subject_id=subject_id, version=expected, schema_id=schema_id, created_at=now)
    )
    return _placed(connection, subject_id, expected)


def _locked(connection: Connection, name: str, expected: int) -> int:
    """Lock the subject's row, made if it is new, and return its id if ``expected`` still comes next."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(subject).values(name=name, next_version=1).on_conflict_do_nothing())
    query = select(subject.c.subject_id, subject.c.next_version).where(subject.c.name == name).with_for_update()
    subject_id, next_version = connection.execute(query).one()
    if next_version != expected:
        raise _Overtaken
    return int(subject_id)


def _new_content(connection: Connection, candidate: Candidate, now: str) -> int:
    """Take the next id and keep the text under it; this late, the counter's row is held only until the commit."""
    taking = update(counter).where(counter.c.name == "schema_id").values(value=counter.c.value + 1)
    schema_id = connection.execute(taking.returning(counter.c.value)).scalar_one()
    row = {"schema_id": schema_id, "identity": candidate.identity, "schema_text": candidate.schema, "created_at": now}
    try:
        connection.execute(insert(content).values(row))
    except IntegrityError as error:  # PostgreSQL: the same content arrived under another subject
        raise _Overtaken from error
    return int(schema_id)


def _placed(connection: Connection, subject_id: int, number: int) -> SchemaVersion:
    query = _versions().where(version.c.subject_id == subject_id, version.c.version == number)
    return SchemaVersion(**connection.execute(query).one()._mapping)
