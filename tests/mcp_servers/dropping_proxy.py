"""A front that spoils chosen requests on their way to an MCP server.

A request whose body holds one of these words is spoilt, every other one is passed on: `DROP` closes the connection
before any answer, `CUT` in the middle of it; `E500`, `E401`, `E403` and `E429` answer with that status, `EJSON` with
500 and a body of JSON that is no JSON-RPC, `AWAY` sends it to another server.

`python -m tests.mcp_servers.dropping_proxy UPSTREAM_PORT`: it says its own port in its first line of output.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys

_CANNED = {
    b"E500": b"HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno",
    b"E401": b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n",
    b"E403": b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
    b"EJSON": b'HTTP/1.1 500 Oops\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"oops":true}',
    b"AWAY": b"HTTP/1.1 307 Away\r\nlocation: http://127.0.0.1:9/mcp\r\ncontent-length: 0\r\n\r\n",
    b"E429": b"HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno",
}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while await _one(reader, writer, upstream):
            continue
    writer.close()


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: int) -> bool:
    """Handle a request, and return whether the connection stays."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    body = await reader.readexactly(int(length[1]) if length else 0)
    if b"DROP" in body:
        return False
    if canned := next((reply for word, reply in _CANNED.items() if word in body), None):
        writer.write(canned)
        await writer.drain()
        return True
    up_reader, up_writer = await asyncio.open_connection("127.0.0.1", upstream)
    head = re.sub(rb"(?im)^host:[^\r\n]*", b"host: 127.0.0.1:%d" % upstream, head)
    head = re.sub(rb"(?im)^connection:[^\r\n]*", b"connection: close", head)
    up_writer.write(head + body)
    try:
        if b"CUT" in body:
            writer.write(await up_reader.readuntil(b"\r\n\r\n") + await up_reader.read(10))
            await writer.drain()
            return False
        while part := await up_reader.read(65536):
            writer.write(part)
            await writer.drain()
        return False
    finally:
        up_writer.close()


async def main(upstream: int) -> None:
    server = await asyncio.start_server(lambda r, w: _serve(r, w, upstream), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
