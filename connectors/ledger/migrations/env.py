"""What Alembic runs: the migrations, on the connection and in the transaction that ``bus.database`` hands over."""

from __future__ import annotations

from alembic import context

from connectors.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
context.run_migrations()
