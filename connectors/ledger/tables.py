"""The ledger's table, as SQLAlchemy Core sees it. Its history stands in ``migrations/``; a test compares both."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # SQLite's own row number
    Column("connector", String(255), nullable=False),
    Column("operation", String(255), nullable=False),
    Column("reference", String(255), nullable=False),
    Column("key", String(64), nullable=False, unique=True),
    Column("event_id", LargeBinary(16), nullable=False),
    Column("topic", String(255), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("record_key", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("asked", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ordinal", BigInteger, unique=True),
)

# Finds an operation by its reference, newest last, and walks an operation's entries for what is still waited for.
Index("ix_deliveries_reference", deliveries.c.connector, deliveries.c.operation, deliveries.c.reference)
