"""An MCP server of both eras, made with the SDK: `python -m tests.mcp_servers.http_server KIND PORT`.

KIND is `http`, `sse` or `stdio`, PORT 0 for a free one. Over HTTP it says its port in its first line of output. A
client finds out that it is modern; to be spoken to in the old era it takes one that wants that (`ServerSpec.era`).
"""

import asyncio
import socket
import sys
from typing import Annotated

import uvicorn
from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context, Elicit, MCPServer, Resolve
from pydantic import BaseModel

server = MCPServer("web", version="1")
calls: list[str] = []


class Name(BaseModel):
    """Who somebody is."""

    name: str


async def who() -> Elicit[Name]:
    """Ask the person."""
    return Elicit("Who are you?", Name)


@server.tool()
async def echo(text: str) -> str:
    """Return the text."""
    calls.append(text)
    return text


@server.tool()
async def seen() -> list[str]:
    """Return what was echoed."""
    return calls


@server.tool()
async def sleep(seconds: float, context: Context) -> str:
    """Say that it begins, return after a while."""
    await context.report_progress(0, 1, "begun")
    await asyncio.sleep(seconds)
    return "slept"


@server.tool(structured_output=False)  # else it would come twice
async def big(size: int) -> str:
    """Return a long text."""
    return "x" * size


@server.tool()
async def ask(name: Annotated[ElicitationResult[Name], Resolve(who)]) -> str:
    """Ask for a name, and return what was said."""
    return name.data.name if isinstance(name, AcceptedElicitation) else name.action


@server.tool()
async def steps(n: int, context: Context) -> str:
    """Report progress."""
    for done in range(1, n + 1):
        await context.report_progress(done, n, f"step {done}")
    return f"{n} steps"


@server.tool()
async def change(context: Context) -> str:
    """Offer one more tool."""

    async def new() -> str:
        """Be new."""
        return "new"

    server.add_tool(new, name="new")
    await context.notify_tools_changed()
    await context.session.send_tool_list_changed()
    return "changed"


@server.resource("demo://one")
async def one() -> str:
    """Return something."""
    return "content of one"


@server.prompt()
async def greet(who: str) -> str:
    """Greet somebody."""
    return f"Say hello to {who}."


def main(kind: str, port: str = "0") -> None:
    """Serve."""
    if kind == "stdio":
        server.run("stdio")
        return
    app = server.sse_app() if kind == "sse" else server.streamable_http_app()
    # With its protocol: else asyncio does not switch off Nagle's algorithm, and each answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen(100)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])


main(*sys.argv[1:])
