"""An httpx2 transport by which a network failure hits the one MCP call that it hits.

With the bare SDK one dropped connection ends the whole client, and with it every call in flight. The shield stands in
for the connection: a request that fails is answered with a JSON-RPC error for its own id. It also tells what the SDK
drops: the HTTP status of a refusal, how long to wait, and that a session was forgotten.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import json
import time
from typing import TYPE_CHECKING, Any

import httpx2

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.sessions.codes import SESSION_LOST, UPSTREAM_UNAVAILABLE
from vibe_jupyter.core.mcp.sessions.events import first_event, is_answer
from vibe_jupyter.core.mcp.sessions.forgotten import SESSION_HEADER, ping, seems_forgotten
from vibe_jupyter.core.mcp.sessions.standins import marked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Shield"]

_BY_STATUS_ALONE = frozenset({401, 403, 429})
"""Whatever the body says; the headers stay, for signing in reads them."""
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)
_FAREWELL_S = 2.0
_PING_S = 5.0
_DRAIN_S = 1.0
_SHOWN_BODY = 200
_LONGEST_NUMBER = 9

log = get_logger("mcp")


class Shield(httpx2.AsyncBaseTransport):
    """Wraps another transport.

    Args:
        max_bytes: largest answer, after decompression.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, max_bytes: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes
        self._draining: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and answer in the place of a connection that breaks."""
        if request.method == "DELETE":
            return await self._farewell(request)
        if not _is_message(request):  # the stream of notices, or a sign-in: not ours to judge
            return await self._inner.handle_async_request(request)
        try:
            return await self._answered(request)
        except Exception as error:  # noqa: BLE001 - whatever gets out of here ends the client, and all calls with it
            if not isinstance(error, httpx2.TransportError):
                log.warning("an answer could not be read", reason=repr(error)[:_SHOWN_BODY])
            return _stand_in(request, 502, _failure(error))

    async def _answered(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer to a message."""
        response = await self._inner.handle_async_request(request)
        if response.status_code >= 400 or _leads_nowhere(request, response):
            return await self._refused(request, response)
        kind = response.headers.get("content-type", "").lower()
        if kind.startswith("application/json"):
            return await self._whole(request, response)
        if kind.startswith("text/event-stream"):
            return await self._events(request, response)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        for task in self._draining:
            task.cancel()
        await asyncio.gather(*self._draining, return_exceptions=True)
        await self._inner.aclose()

    async def _farewell(self, request: httpx2.Request) -> httpx2.Response:
        """Tell a server that its session ends; one that does not hear it will notice by itself."""
        try:
            async with asyncio.timeout(_FAREWELL_S):
                return await self._inner.handle_async_request(request)
        except (httpx2.TransportError, TimeoutError):
            return httpx2.Response(204, request=request)

    async def _refused(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """Pass on what is a JSON-RPC error, with the id of its call, and make one of everything else."""
        status = response.status_code
        whole = await self._whole(request, response)
        error = _error_in(whole)
        if await self._has_forgotten_session(request, whole):
            return _stand_in(request, 404, {"said": error["message"] if error else ""}, code=SESSION_LOST)
        if status not in _BY_STATUS_ALONE and error is not None:
            return _rebuilt(request, whole, content=_message(request, error), kind="application/json")
        is_page = "html" in response.headers.get("content-type", "")
        said = "" if is_page else whole.content[: 4 * _SHOWN_BODY].decode(errors="replace")[:_SHOWN_BODY]
        data = {"http_status": status, "retry_after_s": _retry_after_s(response.headers), "said": said}
        return _stand_in(request, status, data, response.headers)

    async def _has_forgotten_session(self, request: httpx2.Request, refusal: httpx2.Response) -> bool:
        """Return whether a server says that it knows no such session, and says it again."""
        if SESSION_HEADER not in request.headers:
            return False
        if not seems_forgotten(refusal.status_code, _error_in(refusal)):
            return False
        again = ping(request)
        try:
            async with asyncio.timeout(_PING_S):
                answer = await self._inner.handle_async_request(again)
                if answer.status_code < 400:
                    await answer.aclose()
                    return False
                answer = await self._whole(again, answer)
        except (httpx2.TransportError, TimeoutError):
            return False
        return seems_forgotten(answer.status_code, _error_in(answer))

    async def _whole(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """Read a body here: the SDK lets one that is cut in half escape and end the client."""
        parts: list[bytes] = []
        size = 0
        try:
            async for part in response.aiter_bytes():
                size += len(part)
                if size > self._max_bytes:
                    return _stand_in(request, 502, {"too_large": self._max_bytes})
                parts.append(part)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            return _stand_in(request, 502, _failure(error))
        finally:
            await response.aclose()
        return _rebuilt(request, response, content=b"".join(parts))

    async def _events(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """Return an event stream; one that begins with the answer itself as a plain answer.

        Servers of the old era send even one result as a stream. The SDK writes each event into a debug message,
        whether anybody reads that or not, which takes as long as all the rest for a large one; and it gives up the
        connection with every answer, because it does not read the stream to its end.
        """
        parts = aiter(response.aiter_bytes())
        try:
            begun, event = await first_event(parts, self._max_bytes)
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            await response.aclose()
            return _stand_in(request, 502, _failure(error))
        except BaseException:
            await response.aclose()
            raise
        if event is not None and is_answer(event):
            self._let_end(parts, response)
            return _rebuilt(request, response, content=event, kind="application/json")
        if len(begun) > self._max_bytes:
            await response.aclose()
            return _stand_in(request, 502, {"too_large": self._max_bytes})
        return _rebuilt(request, response, stream=_Resumed(begun, parts, response))

    def _let_end(self, parts: AsyncIterator[bytes], response: httpx2.Response) -> None:
        """Read a stream that holds no more to its end, so that its connection can be used again."""

        async def drain() -> None:
            try:
                with contextlib.suppress(TimeoutError, httpx2.TransportError, httpx2.DecodingError):
                    async with asyncio.timeout(_DRAIN_S):
                        async for _ in parts:
                            continue
            finally:
                await response.aclose()

        task = asyncio.create_task(drain())
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)


class _Resumed(httpx2.AsyncByteStream):
    """A stream of which the beginning was read already."""

    def __init__(self, begun: bytes, rest: AsyncIterator[bytes], response: httpx2.Response) -> None:
        self._begun = begun
        self._rest = rest
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._begun:
            yield self._begun
        async for part in self._rest:
            yield part

    async def aclose(self) -> None:
        await self._response.aclose()


def _failure(error: Exception) -> dict[str, Any]:
    """Return what is told of a connection that broke."""
    return {
        "transport": type(error).__name__,
        "detail": str(error)[:_SHOWN_BODY],
        "sent": not isinstance(error, _NOT_SENT),
    }


def _is_message(request: httpx2.Request) -> bool:
    """Return whether a request carries a JSON-RPC message."""
    if request.method != "POST" or not request.headers.get("content-type", "").startswith("application/json"):
        return False
    try:
        return b'"jsonrpc"' in request.content
    except httpx2.StreamError:
        return False


def _leads_nowhere(request: httpx2.Request, response: httpx2.Response) -> bool:
    """Return whether this is a redirect to what is no URL: the HTTP client would raise that past us."""
    if not response.has_redirect_location:
        return False
    try:
        request.url.join(response.headers["location"])
    except (httpx2.InvalidURL, ValueError):
        return True
    return False


def _error_in(response: httpx2.Response) -> dict[str, Any] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    error = body.get("error") if isinstance(body, dict) and "jsonrpc" in body else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return None
    return error if type(error.get("code")) is int else None


def _retry_after_s(headers: httpx2.Headers) -> float | None:
    """Return how many seconds a server wants us to wait; it says a number, or a date (RFC 9110, 10.2.3)."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:_LONGEST_NUMBER])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _rebuilt(
    request: httpx2.Request,
    response: httpx2.Response,
    *,
    content: bytes | None = None,
    stream: httpx2.AsyncByteStream | None = None,
    kind: str | None = None,
) -> httpx2.Response:
    """Return a response with another body, which is decoded already."""
    headers = _without_body(response.headers)
    if kind is not None:
        headers["content-type"] = kind
    return httpx2.Response(
        response.status_code,
        headers=headers,
        content=content,
        stream=stream,
        extensions=response.extensions,
        request=request,
    )


def _without_body(headers: httpx2.Headers) -> httpx2.Headers:
    kept = httpx2.Headers(headers)
    for name in ("content-length", "content-encoding", "transfer-encoding"):
        kept.pop(name, None)
    return kept


def _stand_in(
    request: httpx2.Request,
    status: int,
    data: dict[str, Any],
    headers: httpx2.Headers | None = None,
    *,
    code: int = UPSTREAM_UNAVAILABLE,
) -> httpx2.Response:
    error = {"code": code, "message": "upstream unavailable", "data": marked(data)}
    content = _message(request, error)
    kept = _without_body(headers or httpx2.Headers())
    kept["content-type"] = "application/json"
    return httpx2.Response(status, request=request, headers=kept, content=content)


def _message(request: httpx2.Request, error: dict[str, Any]) -> bytes:
    """Return an error for the call of a request, whichever id a server has given it."""
    return json.dumps(
        {"jsonrpc": "2.0", "id": json.loads(request.content).get("id"), "error": error}
    ).encode()
