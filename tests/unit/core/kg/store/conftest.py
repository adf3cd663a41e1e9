"""A small graph on disk, workers for it, and a listener that nobody should ever reach."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from vibe_jupyter.core.kg.store.local import LocalStore
from vibe_jupyter.core.kg.store.pool import QueryPool
from vibe_jupyter.core.kg.store.vocabulary import CODE

FUNCTIONS = 30


def function(number: int) -> str:
    return f"<urn:f{number}>"


def calls(caller: int, callee: int) -> str:
    return f"{function(caller)} <{CODE}calls> {function(callee)} .\n"


def graph_text(functions: int = FUNCTIONS) -> str:
    """Functions that call each other in all directions, so that paths of any length explode."""
    kinds = "".join(
        f"{function(n)} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{CODE}Function> .\n"
        for n in range(functions)
    )
    return kinds + "".join(
        calls(n, (n * 7 + step) % functions) for n in range(functions) for step in (1, 2, 3)
    )


class Listener:
    """Counts connections to a port of this machine."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.hits = self._own_hits = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.hits += 1
            connection.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def settled_hits(self) -> int:
        """Return the hits once everybody who connected before us is counted."""
        self._own_hits += 1
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.recv(1)  # returns when we are counted
        return self.hits - self._own_hits

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.close()


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[QueryPool]:
    workers = QueryPool(3, warm=2, memory_bytes=256 * 2**20)
    yield workers
    await workers.close()


@pytest_asyncio.fixture
async def store(tmp_path: Path, pool: QueryPool) -> LocalStore:
    graph = LocalStore(tmp_path / "kg" / "g1", pool)
    await graph.load(graph_text().encode())
    return graph
