"""The client. Its methods come from the operation table; the stub beside this file tells them to type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from vibe_jupyter.client.namespaces import BaseClient
from vibe_jupyter.client.servers import AsyncServers, Servers
from vibe_jupyter.core.errors import Unavailable, VibeError
from vibe_jupyter.core.table import OPERATIONS

if TYPE_CHECKING:
    from vibe_jupyter.client.transport import Transport

__all__ = ["AsyncVibeClient", "VibeClient", "connect"]


class VibeClient(BaseClient):
    """The platform, wherever it runs.

    >>> vibe = connect()                                                          # doctest: +SKIP
    >>> vibe.tasks.create(type="file_search", input={"query": "login"}).wait()    # doctest: +SKIP

    >>> vibe.mcp["files"].list_directory(path=".")                                # doctest: +SKIP

    In async code use `vibe.aio`: `await vibe.aio.tasks.create(...)`.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, OPERATIONS)
        self.aio = AsyncVibeClient(transport)
        self.mcp = Servers(self)

    @property
    def where(self) -> str:
        """Return where the platform runs, in a phrase."""
        return self.transport.where

    def close(self) -> None:
        """Let go of connections."""
        self.transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<VibeClient {self.where}>"


class AsyncVibeClient(BaseClient):
    """The same methods for async code; each one is awaited."""

    is_async = True

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, OPERATIONS)
        self.mcp = AsyncServers(self)


def connect(url: str | None = None, token: str | None = None) -> VibeClient:
    """Return a client of the platform.

    Args:
        url: base URL of a Jupyter server, or `in-process`; default: `VIBE_SERVER_URL`, else the server that is
            found (see `discovery`), else the platform runs in this process.
        token: token of that server.

    Raises:
        Unavailable: `server.unreachable`, if a server is named and does not answer.
    """
    from vibe_jupyter.client.discovery import IN_PROCESS, Server, find_server
    from vibe_jupyter.core.settings import load_settings

    server = Server(url, token, "the argument", is_certain=True) if url else find_server(load_settings())
    if server is None or server.url == IN_PROCESS:
        from vibe_jupyter.client.in_process import InProcessTransport, shared_platform

        return VibeClient(InProcessTransport(shared_platform()))
    from vibe_jupyter.client.http import HttpTransport

    client = VibeClient(HttpTransport(server.url, server.token))
    if server.is_certain:
        try:
            client.platform.health()
        except VibeError as error:
            client.close()
            if isinstance(error, Unavailable):
                error.hint = f"it was named by {server.how}; {error.hint}"
            raise
    return client
