"""The transport: what a name means is checked when it connects, against a real server of this machine."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import pytest_asyncio

from vibe_jupyter.core.mcp.sessions.http import shield_for
from vibe_jupyter.core.services.checked_transport import CheckedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    """Run a server that says hello to everybody, and return its port."""

    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def get(url: str, *, allow_private: bool) -> str:
    transport = CheckedTransport(limits=httpx2.Limits(), allow_private=allow_private)
    async with httpx2.AsyncClient(transport=transport) as client:
        return (await client.get(url)).text


def meaning(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let each name mean these addresses, and return the list of names that are asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if not name.endswith(".example"):
            return real(host, port, *args, **options)
        asked.append(name)
        return [answer for one in addresses for answer in real(one, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_answers_where_it_may_be_asked(port: int, host: str) -> None:
    assert await get(f"http://{host}:{port}/", allow_private=True) == "hello"
    with pytest.raises(httpx2.ConnectError, match="VIBE_ALLOW_PRIVATE_ADDRESSES"):
        await get(f"http://{host}:{port}/", allow_private=False)


async def test_a_name_is_asked_once_and_its_checked_address_is_connected_to(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = meaning(monkeypatch, "127.0.0.1")
    assert await get(f"http://inside.example:{port}/", allow_private=True) == "hello"
    assert asked == ["inside.example"]
    with pytest.raises(httpx2.ConnectError, match=r"127\.0\.0\.1 is an address of this machine"):
        await get(f"http://inside.example:{port}/", allow_private=False)


async def test_a_name_for_what_a_cloud_tells_its_machines_is_never_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    meaning(monkeypatch, "169.254.169.254")
    with pytest.raises(httpx2.ConnectError, match="no address of a server"):
        await get("http://metadata.example/", allow_private=True)


async def test_an_address_that_does_not_answer_is_not_the_last_word(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    meaning(monkeypatch, "127.0.0.2", "127.0.0.1")  # nobody listens at the first
    assert await get(f"http://two.example:{port}/", allow_private=True) == "hello"


async def test_an_unknown_name_is_an_error_of_the_connection() -> None:
    with pytest.raises(httpx2.ConnectError, match=r"no-such-host\.invalid"):
        await get("http://no-such-host.invalid/", allow_private=True)


async def test_the_session_of_a_server_goes_through_it(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    meaning(monkeypatch, "127.0.0.1")
    shield = shield_for("http://inside.example/", 1000, allow_private=False)
    request = {"jsonrpc": "2.0", "id": 7, "method": "ping"}
    async with httpx2.AsyncClient(transport=shield) as client:
        answer = (await client.post(f"http://inside.example:{port}/mcp", json=request)).json()
    assert answer["id"] == 7
    assert "127.0.0.1 is an address of this machine" in answer["error"]["data"]["detail"]
