"""The old HTTP transport, deprecated in 2025: one event stream of all the server says, and a POST per message to it.

The SDK's own ends with the first POST that fails, sends one message after the other, and takes no event over 1 MiB.
"""

from __future__ import annotations

import asyncio
import contextlib
import urllib.parse
from typing import TYPE_CHECKING, Any

import anyio
import httpx2

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.sessions.codes import UPSTREAM_UNAVAILABLE
from vibe_jupyter.core.mcp.sessions.http import client_for, shield_for
from vibe_jupyter.core.mcp.sessions.incoming import incoming
from vibe_jupyter.core.mcp.sessions.standins import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

__all__ = ["sse_transport"]

_SHOWN = 200

log = get_logger("mcp")


@contextlib.asynccontextmanager
async def sse_transport(
    url: str,
    headers: Mapping[str, str],
    *,
    max_bytes: int,
    allow_private: bool = True,
    auth: httpx2.Auth | None = None,
    ended: Callable[[], None],
) -> AsyncIterator[Any]:
    """Yield the streams of a server of the old kind; the connections live and die with them.

    Args:
        ended: told when the server's stream has ended, also if nobody waits for anything.

    Raises:
        HTTPStatusError: if it refuses the stream.
        ValueError: if what it opens is none of this kind.
    """
    async with (
        client_for(shield_for(url, max_bytes, allow_private=allow_private), headers, auth) as client,
        client.stream("GET", url, headers={"accept": "text/event-stream"}) as response,
    ):
        response.raise_for_status()
        events = aiter(httpx2.EventSource(response, max_event_size=max_bytes))
        endpoint = _endpoint(url, await anext(events, None))
        to_client, read_stream = anyio.create_memory_object_stream[Any](0)
        write_stream, from_client = anyio.create_memory_object_stream[Any](0)
        jobs = [
            asyncio.create_task(_read(events, to_client, ended)),
            asyncio.create_task(_write(client, endpoint, from_client, to_client)),
        ]
        try:
            yield read_stream, write_stream
        finally:
            read_stream.close()
            write_stream.close()
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            to_client.close()
            from_client.close()


def _endpoint(url: str, event: httpx2.ServerSentEvent | None) -> str:
    """Return where messages go: on the server's own origin, for the headers are meant for that one."""
    if event is None or event.event != "endpoint":
        raise ValueError("the server does not say where to send messages: it is no MCP server of this kind")
    endpoint = urllib.parse.urljoin(url, event.data)
    if urllib.parse.urlsplit(endpoint)[:2] != urllib.parse.urlsplit(url)[:2]:
        raise ValueError(f"the server wants messages sent elsewhere: {endpoint[:200]}")
    return endpoint


async def _read(
    events: AsyncIterator[httpx2.ServerSentEvent],
    send: MemoryObjectSendStream[Any],
    ended: Callable[[], None],
) -> None:
    """Pass on what the server says, until its stream ends: then the SDK fails every call in flight."""
    with send, contextlib.suppress(httpx2.TransportError, anyio.BrokenResourceError):
        async for event in events:
            if event.event == "message" and event.data:
                with contextlib.suppress(ValueError):  # noise
                    await send.send(_parsed(event.data))
    ended()


async def _write(
    client: httpx2.AsyncClient,
    endpoint: str,
    receive: MemoryObjectReceiveStream[Any],
    failed: MemoryObjectSendStream[Any],
) -> None:
    """Send messages, each by a request of its own; what the shield answers to one that fails is its answer."""

    async def post(message: Any) -> None:
        body = message.model_dump_json(by_alias=True, exclude_unset=True)
        try:
            response = await client.post(endpoint, content=body, headers={"content-type": "application/json"})
            failure = _failure(message, response)
        except Exception as error:  # noqa: BLE001 - whatever gets out of here ends all other posts too
            log.warning("an answer could not be read", reason=repr(error)[:_SHOWN])
            failure = _stand_in(
                message, transport=type(error).__name__, detail=str(error)[:_SHOWN], sent=True
            )
        if failure is not None and getattr(message, "id", None) is not None:
            with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await failed.send(failure)

    with receive:
        async with asyncio.TaskGroup() as posts:
            async for item in receive:
                posts.create_task(post(item.message))


def _failure(message: Any, response: httpx2.Response) -> Any:
    """Return the answer that a response is, instead of one in the stream; None if that is to come."""
    if response.status_code < 300:
        return None
    if response.status_code >= 400:
        return _parsed(response.content)
    return _stand_in(message, http_status=response.status_code)


def _stand_in(message: Any, **data: Any) -> Any:
    from mcp.shared.message import SessionMessage
    from mcp_types import ErrorData, JSONRPCError

    error = ErrorData(code=UPSTREAM_UNAVAILABLE, message="upstream unavailable", data=StandIn(data))
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=getattr(message, "id", None), error=error))


def _parsed(data: str | bytes) -> Any:
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    return incoming(SessionMessage(jsonrpc_message_adapter.validate_json(data, by_name=False)))
