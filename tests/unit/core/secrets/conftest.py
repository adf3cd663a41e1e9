"""Users with projects on each kind of database, and what keeps their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from vibe_jupyter.core import masking
from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.database.models import Project, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.ids import now
from vibe_jupyter.core.secrets.service import SecretService
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vibe_jupyter.core.database.database import Database

ADAS_PROJECT, BOBS_PROJECT = "p-ada", "p-bob"
_INSERT_PROJECT = Statement(sa.insert(table_of(Project)))


@pytest.fixture(autouse=True)
def nothing_held() -> Iterator[None]:
    """What one test has found must not be masked in another."""
    yield
    for user in ("ada", "bob", "local"):
        masking.forget(user)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def users(database: Database) -> Database:
    for user in ("ada", "bob"):
        AccountStore(database).ensure(user, user)
        project = {
            "id": f"p-{user}",
            "user_id": user,
            "name": "p",
            "root": f"/{user}",
            "description": "",
            "created_at": now(),
        }
        nothing = dict.fromkeys(("template", "github", "space", "updated_at", "archived_at"))
        database.write_from_thread(lambda c, row={**project, **nothing}: c.run(_INSERT_PROJECT, **row))
    return database


@pytest.fixture
def secrets(users: Database, settings: Settings) -> SecretService:
    return SecretService(users, settings)
