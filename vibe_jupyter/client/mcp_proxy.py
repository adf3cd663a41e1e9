"""`jupyter vibe mcp serve`: our MCP server over standard input and output, for programs that only speak that.

With a Jupyter server it passes on what it is asked to `/vibe/mcp` there; without one the platform runs in this process.
Standard output carries the protocol and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    from mcp.server import Server
    from mcp_types import CallToolResult, ListToolsResult

    from vibe_jupyter.client.discovery import Server as JupyterServer

__all__ = ["serve"]

_LONGEST_CALL_S = 86_400.0


def serve(url: str | None, token: str | None) -> None:
    """Serve until standard input ends.

    Args:
        url: base URL of a Jupyter server, or `in-process`; default: the one that is found.
        token: its token.

    Raises:
        VibeError: if a server is named and does not answer, or the platform cannot start.
    """
    from vibe_jupyter.client.discovery import IN_PROCESS, Server, find_server
    from vibe_jupyter.core.settings import load_settings

    found = Server(url, token, "the argument", is_certain=True) if url else find_server(load_settings())
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints does not break the protocol
    asyncio.run(_serve(None if found is None or found.url == IN_PROCESS else found, protocol))


async def _serve(jupyter: JupyterServer | None, protocol: Any) -> None:
    import io

    import anyio
    from mcp.server.stdio import stdio_server

    server, close = (await _in_process()) if jupyter is None else _passing_on(jupyter)
    stdin = anyio.wrap_file(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace"))
    stdout = anyio.wrap_file(io.TextIOWrapper(protocol, encoding="utf-8", write_through=True))
    try:
        async with stdio_server(stdin, stdout) as (read, write):
            await server.run(read, write, server.create_initialization_options())
    finally:
        await close()


async def _in_process() -> tuple[Server[Any], Any]:
    from vibe_jupyter.client.in_process import shared_platform, stop_shared_platform
    from vibe_jupyter.core.accounts.principal import OWNER
    from vibe_jupyter.core.mcp_server.server import build_server

    platform = await asyncio.to_thread(shared_platform)

    async def close() -> None:
        await asyncio.to_thread(stop_shared_platform)

    return build_server(lambda: platform, lambda _request: OWNER), close


def _passing_on(jupyter: JupyterServer) -> tuple[Server[Any], Any]:
    """Return a server that asks the one behind Jupyter, over a session that survives the restart of that one."""
    from mcp.server import Server
    from mcp_types import CallToolResult, ListToolsResult, TextContent

    from vibe_jupyter import __version__
    from vibe_jupyter.core.mcp.sessions.pool import SessionPool
    from vibe_jupyter.core.mcp.spec import Call, Limits, ServerSpec
    from vibe_jupyter.core.mcp_server.server import INSTRUCTIONS

    pool = SessionPool()
    spec = ServerSpec(
        key="jupyter",
        name="jupyter",
        transport="http",
        url=f"{jupyter.url.rstrip('/')}/vibe/mcp",
        headers={"Authorization": f"Bearer {jupyter.token}"}
        if jupyter.token
        else {"Authorization": "Bearer"},
        limits=Limits(call_timeout_s=_LONGEST_CALL_S, idle_s=_LONGEST_CALL_S),
    )

    async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=(await pool.listing(spec)).tools)

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        reports: asyncio.Queue[tuple[float, str]] = asyncio.Queue()

        async def report() -> None:
            while True:
                fraction, message = await reports.get()
                await context.session.report_progress(fraction, 1.0, message or None)

        def progress(fraction: float | None, message: str) -> None:
            if fraction is not None:
                reports.put_nowait((fraction, message))

        reporting = asyncio.create_task(report())
        try:
            return await pool.call(spec, Call(params.name, params.arguments or {}, progress=progress))
        except VibeError as error:
            return CallToolResult(content=[TextContent(type="text", text=str(error))], is_error=True)
        finally:
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)

    server: Server[Any] = Server(
        "vibe_jupyter",
        version=__version__,
        title="vibe_jupyter",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
    return server, pool.aclose
