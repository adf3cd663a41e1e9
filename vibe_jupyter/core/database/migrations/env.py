"""Run by Alembic; the connection, with the lock held, comes from `schema.py`."""

from __future__ import annotations

from alembic import context

from vibe_jupyter.core.database.models import Base

_OURS = set(Base.metadata.tables)


def _is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Leave tables of others alone, such as the engine's in the same PostgreSQL."""
    return kind != "table" or name in _OURS


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
    include_object=_is_ours,
)
with context.begin_transaction():
    context.run_migrations()
