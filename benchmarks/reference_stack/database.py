"""The engines and schemas of the two variants: all that differs between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.reference_stack.models import Base, Project, Task

__all__ = ["VARIANTS", "Variant", "create_engine_of", "create_schema"]

Variant = Literal["usual", "tuned"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)

TUNED_POOL_SIZE = 2
"""Tried at 100 connections: 1, 2, 4, 8, 16, 32. 2 costs the least CPU; more only add to the p99."""


def create_engine_of(variant: Variant, database: Path) -> AsyncEngine:
    """Return the variant's engine: `usual` keeps all defaults, among them SQLite's synchronous=FULL."""
    url = f"sqlite+aiosqlite:///{database}"
    if variant == "usual":
        return create_async_engine(url)
    engine = create_async_engine(url, pool_size=TUNED_POOL_SIZE, max_overflow=0)
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def create_schema(variant: Variant, engine: Engine) -> None:
    """Create the tables through a plain engine, with the history index for `tuned`."""
    Base.metadata.create_all(engine)
    if variant == "tuned":
        with engine.begin() as connection:
            for table in (Task.__tablename__, Project.__tablename__):
                connection.exec_driver_sql(
                    f"CREATE INDEX {table}_history ON {table} (user_id, created_at DESC, id DESC)"
                )
