"""Contents under their ids, and the subjects and versions under which they stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "content",
        sa.Column("schema_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("schema_text", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("schema_id", name="pk_content"),
        sa.UniqueConstraint("identity", name="uq_content_identity"),
        sa.CheckConstraint("schema_id BETWEEN 1 AND 2147483647", name="ck_content_id_is_positive"),
    )
    op.create_table(
        "subject",
        sa.Column("subject_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("next_version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name="pk_subject"),
        sa.UniqueConstraint("name", name="uq_subject_name"),
    )
    op.create_table(
        "version",
        sa.Column("subject_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("schema_id", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "version", name="pk_version"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name="fk_version_subject_id"),
        sa.ForeignKeyConstraint(["schema_id"], ["content.schema_id"], name="fk_version_schema_id"),
    )
    op.create_index("ix_version_schema_id", "version", ["schema_id"])
    counter = op.create_table(
        "counter",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.bulk_insert(counter, [{"name": "schema_id", "value": 0}])
