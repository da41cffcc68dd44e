"""The registry's tables, as SQLAlchemy Core sees them. Their history stands in ``migrations/``; a test compares both.

``content`` holds each text once, under its global id; ``version`` says under which subjects it stands. Nothing here is
ever updated or deleted but ``subject.next_version`` and ``counter.value``: what an id or a version means never changes.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# The id as clients see it is the primary key: a hand-out is one row of ``counter``, taken last in a transaction.
content = Table(
    "content",
    metadata,
    Column("schema_id", Integer, primary_key=True, autoincrement=False),
    Column("identity", String(64), nullable=False, unique=True),  # SHA-256 of the identity string, in hex
    Column("schema_text", Text, nullable=False),
    Column("created_at", String(32), nullable=False),
    CheckConstraint("schema_id BETWEEN 1 AND 2147483647", name="id_is_positive"),
)

# ``next_version`` is the row that a registration locks, and why version numbers will survive deletion.
subject = Table(
    "subject",
    metadata,
    Column("subject_id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("next_version", Integer, nullable=False),
)

version = Table(
    "version",
    metadata,
    Column("subject_id", Integer, ForeignKey("subject.subject_id"), primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("schema_id", Integer, ForeignKey("content.schema_id"), nullable=False, index=True),
    Column("created_at", String(32), nullable=False),
)

counter = Table(
    "counter",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Integer, nullable=False),
)
