"""A registration of its own for each test, on each kind of database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from vibe_jupyter.core.accounts.principal import ALL_SCOPES, OWNER_SCOPE, Principal
from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.mcp.registry.registration import Registration
from vibe_jupyter.core.mcp.registry.store import McpStore
from vibe_jupyter.core.mcp.schemas import McpAdd, McpImport, McpUpdate
from vibe_jupyter.core.secrets.service import SecretService
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.registry.registration import Imported
    from vibe_jupyter.core.mcp.spec import ServerSpec

ADA = Principal("ada", ALL_SCOPES, "local")
ADA_BY_TOKEN = Principal("ada", ALL_SCOPES - {OWNER_SCOPE}, "jupyter")
BOB = Principal("bob", ALL_SCOPES, "local")


@dataclass
class Registry:
    """What the tests ask of a registration, in few words."""

    store: McpStore
    secrets: SecretService
    registration: Registration
    root: Path

    async def add(self, who: Principal = ADA, **values: Any) -> ServerRecord:
        return await self.registration.add(who, McpAdd(**{"name": "git", **values}))

    async def update(self, server: str, who: Principal = ADA, **values: Any) -> ServerRecord:
        return await self.registration.update(who, server, McpUpdate(**values))

    async def load(self, who: Principal = ADA, **values: Any) -> Imported:
        return await self.registration.import_config(who, McpImport(**values))

    async def spec(self, server: str, who: Principal = ADA) -> ServerSpec:
        return await self.registration.spec(await self.registration.record(who.user_id, server), None)


class MakeRegistry:
    """Makes registrations that share a database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    def __call__(self, **settings: Any) -> Registry:
        root = self.folder / "work"
        root.mkdir(exist_ok=True)
        configured = Settings(data_dir=self.folder / "data", **settings)
        store = McpStore(self.database)
        secrets = SecretService(self.database, configured)

        async def allowed_roots(_user_id: str) -> list[Path]:
            return [root.resolve()]

        return Registry(store, secrets, Registration(store, secrets, configured, root, allowed_roots), root)


@pytest.fixture
def make_registry(database: Database, tmp_path: Path) -> MakeRegistry:
    for principal in (ADA, BOB):
        AccountStore(database).ensure(principal.user_id, principal.user_id)
    return MakeRegistry(database, tmp_path)


@pytest.fixture
def registry(make_registry: MakeRegistry) -> Registry:
    return make_registry()
