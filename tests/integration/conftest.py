"""Real servers for tests that talk to one; most share a single one, as its start takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers import JupyterServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    import httpx


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    """Return a running server that all tests share: none may count on being alone, or end it."""
    folder = tmp_path_factory.mktemp("server")
    with JupyterServer(folder, options=("--VibeApp.heartbeat_s=0.2",)) as running:
        (running.root / "src").mkdir()
        (running.root / "src" / "haystack.py").write_text("def find():\n    return 'a needle in here'\n")
        yield running


@pytest.fixture(scope="session")
def api(server: JupyterServer) -> Iterator[httpx.Client]:
    """Return an HTTP client of the shared server, signed in as its owner."""
    with server.http() as client:
        yield client


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., JupyterServer]]:
    """Return what starts servers of a test's own; they end with the test, at once."""
    started: list[JupyterServer] = []

    def start(name: str = "own", **options: Any) -> JupyterServer:
        folder = tmp_path / name
        folder.mkdir()
        running = JupyterServer(folder, **options)
        started.append(running)
        return running.start()

    yield start
    for running in started:
        running.kill()
