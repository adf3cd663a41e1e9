"""An HTTP MCP server of the era 2025-11-25 that answers a call with whatever bytes the call asks for.

It has the tools `answer` (`status`, `head`, `body`: what is sent, `$ID` in it being the id of the request), `count`
(how many `answer` it has received, under a `name`), `forget` (knows no session from now on, and says so with `status`
and `body`), `hold` and `release`. Under `/sse` it speaks the old transport instead, there with answers to the POST.

`python -m tests.mcp_servers.odd_http_server`: it says its port in its first line of output.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import Counter
from typing import Any

_RPC = "content-type: application/json\r\n"
_INFO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "odd", "version": "1"},
}


class Odd:
    """The server."""

    def __init__(self) -> None:
        self.sessions: set[str] = set()
        self.unknown = ("404 Not Found", "", "no such session")
        self.counts: Counter[str] = Counter()
        self.began = 0
        self.released = asyncio.Event()
        self.stream: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle the requests of one connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?im)^content-length:\s*(\d+)", head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                if head.startswith("GET /sse"):
                    self.stream = writer
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
                    writer.write(b"event: endpoint\ndata: /sse\n\n")
                elif head.startswith("POST"):
                    status, more, said = await self.answer(head, json.loads(body))
                    self.write(writer, status, more, said)
                else:
                    self.write(writer, "405 Method Not Allowed", "", "")
                await writer.drain()
        writer.close()

    @staticmethod
    def write(writer: asyncio.StreamWriter, status: str, head: str, body: str) -> None:
        """Write a response."""
        start = f"HTTP/1.1 {status}\r\n{head}content-length: {len(body)}\r\n\r\n"
        writer.write(start.encode("latin-1") + body.encode())

    async def answer(self, head: str, message: dict[str, Any]) -> tuple[str, str, str]:
        """Return status, head and body of the response to a message."""
        method, request_id = message.get("method"), message.get("id")
        session = re.search(r"(?im)^mcp-session-id:\s*(\S+)", head)
        is_old = head.startswith("POST /sse")
        if method == "initialize":
            self.began += 1
            name = f"s{self.began}"
            self.sessions.add(name)
            return self.result(request_id, _INFO, f"mcp-session-id: {name}\r\n", is_old=is_old)
        if request_id is None:
            return "202 Accepted", "", ""
        if not is_old and session is not None and session[1] not in self.sessions:
            status, more, said = self.unknown
            return status, more, said.replace("$ID", json.dumps(request_id))
        if method == "ping":
            return self.result(request_id, {}, is_old=is_old)
        if method != "tools/call":
            error = {"code": -32601, "message": "Method not found"}
            return "200 OK", _RPC, json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error})
        return await self.call(request_id, message["params"], is_old=is_old)

    async def call(self, request_id: Any, params: dict[str, Any], *, is_old: bool) -> tuple[str, str, str]:
        """Return the response to a call."""
        tool, given = params["name"], params.get("arguments") or {}
        if tool == "answer":
            self.counts[given.get("name", "")] += 1
            body = given.get("body", "").replace("$ID", json.dumps(request_id))
            return given["status"], given.get("head", ""), body
        if tool == "forget":
            self.sessions.clear()
            self.unknown = given.get("status", "404 Not Found"), given.get("head", ""), given.get("body", "")
        if tool == "hold":
            await self.released.wait()
        if tool == "release":
            self.released.set()
        said = json.dumps({"count": self.counts[given.get("name", "")], "sessions": self.began})
        return self.result(request_id, {"content": [{"type": "text", "text": said}]}, is_old=is_old)

    def result(
        self, request_id: Any, result: Any, more: str = "", *, is_old: bool = False
    ) -> tuple[str, str, str]:
        """Return a response that holds a result, or says that the stream will."""
        message = json.dumps({"jsonrpc": "2.0", "id": request_id, "result": result})
        if not is_old:
            return "200 OK", _RPC + more, message
        assert self.stream is not None
        self.stream.write(f"event: message\ndata: {message}\n\n".encode())
        return "202 Accepted", "", ""


async def main() -> None:
    """Serve."""
    server = await asyncio.start_server(Odd().serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
