"""An HTTP MCP server of both eras, made with the SDK: `python -m tests.mcp_servers.http_server KIND PORT`.

KIND is `http` or `sse`, PORT 0 for a free one. It says its port in its first line of output.
"""

import asyncio
import socket
import sys

import uvicorn
from mcp.server import MCPServer

server = MCPServer("web", version="1")


@server.tool()
async def echo(text: str) -> str:
    """Return the text."""
    return text


@server.tool()
async def sleep(seconds: float) -> str:
    """Return after a while."""
    await asyncio.sleep(seconds)
    return "slept"


@server.tool()
async def big(size: int) -> str:
    """Return a long text."""
    return "x" * size


def main(kind: str, port: str) -> None:
    app = server.sse_app() if kind == "sse" else server.streamable_http_app()
    # With its protocol: else asyncio does not switch off Nagle's algorithm, and each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen(100)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


main(*sys.argv[1:])
