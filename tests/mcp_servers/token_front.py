"""A front that adds the owner's token to each request: `python -m tests.mcp_servers.token_front UPSTREAM`.

The token is read from `FRONT_TOKEN`. For clients that can send none, such as the conformance suite. What passes is
left as it is, the host's name too. It says its port in its first line of output.
"""

import asyncio
import contextlib
import os
import sys


async def _requests(reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, token: str) -> None:
    """Pass requests on, each with one more header."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        upstream.write(b"%s\r\nAuthorization: Bearer %s\r\n%s" % (line, token.encode(), rest))
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (one.partition(b":") for one in rest.split(b"\r\n") if one)
        }
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            while True:
                size = await reader.readuntil(b"\r\n")
                upstream.write(size + await reader.readexactly(int(size, 16) + 2))
                if int(size, 16) == 0:
                    break
        else:
            upstream.write(await reader.readexactly(int(headers.get(b"content-length", b"0"))))
        await upstream.drain()


async def _answers(reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        client.write(chunk)
        await client.drain()


async def main(upstream_port: int) -> None:
    token = os.environ["FRONT_TOKEN"]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", upstream_port)
        ways = {
            asyncio.create_task(_requests(reader, upstream, token)),
            asyncio.create_task(_answers(upstream_reader, writer)),
        }
        _, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in others:
            way.cancel()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await asyncio.gather(*ways, return_exceptions=True)
        upstream.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1])))
