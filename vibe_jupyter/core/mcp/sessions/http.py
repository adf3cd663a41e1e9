"""HTTP transports for `mcp.Client`: a network failure hits the one call that it hits.

With the bare SDK one dropped connection ends the whole client, and with it every call in flight. The shield stands in
for the connection: a request that fails is answered with a JSON-RPC error for its own id. It also keeps what the SDK
drops: the HTTP status of a refusal, and how long to wait.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import urllib.parse
from typing import TYPE_CHECKING, Any

import httpx2

from vibe_jupyter.core.services.checked_transport import CheckedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

__all__ = ["UPSTREAM_UNAVAILABLE", "Shield", "http_transport", "is_loopback", "shield_for", "sse_transport"]

UPSTREAM_UNAVAILABLE = -32050
"""JSON-RPC code, of our own, for a request that failed alone. The SDK's -32000 would mean that all is lost."""

_SDK_ACTS_ON = frozenset({401, 403, 404, 405})
"""Statuses by which the SDK finds out about signing in, a lost session, and that there is no stream to listen to."""
_TIMEOUT = httpx2.Timeout(30.0, read=None)  # an answer may take long: the caller has a limit of its own
_LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50)


class Shield(httpx2.AsyncBaseTransport):
    """Wraps another transport.

    Args:
        max_bytes: largest JSON answer.

    Attributes:
        refusal: `(status, retry_after)` of the last request that the server refused.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, max_bytes: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes
        self.refusal: tuple[int, str | None] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and answer in the place of a connection that breaks."""
        try:
            response = await self._inner.handle_async_request(request)
        except httpx2.TransportError as error:
            if request.method != "POST":
                raise
            return _stand_in(request, 502, sent=not isinstance(error, httpx2.ConnectError), **_told(error))
        if request.method != "POST":
            return response
        kind = response.headers.get("content-type", "").lower()
        if response.status_code >= 400:
            retry_after = response.headers.get("retry-after")
            self.refusal = response.status_code, retry_after
            if response.status_code not in _SDK_ACTS_ON and not kind.startswith("application/json"):
                await response.aclose()
                return _stand_in(
                    request, response.status_code, http_status=response.status_code, retry_after=retry_after
                )
        if kind.startswith("application/json"):
            return await self._read_whole(request, response)
        return response  # an event stream: the SDK survives a cut in it

    async def _read_whole(self, request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        """Read a JSON body here: the SDK lets one that is cut in half escape and end the client."""
        parts: list[bytes] = []
        size = 0
        try:
            async for part in response.stream:  # type: ignore[union-attr]
                size += len(part)
                if size > self._max_bytes:
                    return _stand_in(request, 502, sent=True, too_large=self._max_bytes)
                parts.append(part)
        except httpx2.TransportError as error:
            return _stand_in(request, 502, sent=True, **_told(error))
        finally:
            await response.aclose()
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx2.ByteStream(b"".join(parts)),
            extensions=response.extensions,
            request=request,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


@contextlib.asynccontextmanager
async def http_transport(
    shield: Shield, url: str, headers: Mapping[str, str], max_bytes: int, auth: httpx2.Auth | None = None
) -> AsyncIterator[Any]:
    """Yield the streams of a streamable HTTP server; the connections live and die with them."""
    from mcp.client.streamable_http import streamable_http_client

    async with (
        _client(shield, headers, auth) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=max_bytes) as streams,
    ):
        yield streams


@contextlib.asynccontextmanager
async def sse_transport(
    shield: Shield, url: str, headers: Mapping[str, str], auth: httpx2.Auth | None = None
) -> AsyncIterator[Any]:
    """Yield the streams of a server of the old kind, with an event stream beside its POSTs."""
    from mcp.client.sse import sse_client

    def factory(
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = auth,
    ) -> httpx2.AsyncClient:
        del timeout  # ours: an answer may take long
        return _client(shield, headers or {}, auth)

    async with sse_client(url, headers=dict(headers), auth=auth, httpx_client_factory=factory) as streams:
        yield streams


def shield_for(url: str, max_bytes: int, *, allow_private: bool = True) -> Shield:
    """Return the shield for a server; a proxy of the environment is used, but never to our own machine.

    Where no proxy decides it, the address is checked at each connection.
    """
    proxy = None if is_loopback(url) else _proxy_for(url)
    if proxy is not None:
        return Shield(httpx2.AsyncHTTPTransport(limits=_LIMITS, proxy=proxy), max_bytes)
    return Shield(CheckedTransport(limits=_LIMITS, allow_private=allow_private), max_bytes)


def is_loopback(url: str) -> bool:
    """Return whether a URL points to this machine."""
    host = urllib.parse.urlsplit(url).hostname or ""
    if host.rstrip(".").lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _client(shield: Shield, headers: Mapping[str, str], auth: httpx2.Auth | None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=shield, headers=dict(headers), timeout=_TIMEOUT, auth=auth)


def _proxy_for(url: str) -> str | None:
    import urllib.request

    parts = urllib.parse.urlsplit(url)
    proxies = urllib.request.getproxies()
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


def _told(error: httpx2.TransportError) -> dict[str, str]:
    return {"transport": type(error).__name__, "detail": str(error)[:200]}


def _stand_in(request: httpx2.Request, status: int, **data: object) -> httpx2.Response:
    try:
        request_id = json.loads(request.content).get("id")
    except (ValueError, AttributeError, httpx2.StreamError):
        request_id = None
    error = {"code": UPSTREAM_UNAVAILABLE, "message": "upstream unavailable", "data": data}
    body = json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error}).encode()
    return httpx2.Response(
        max(status, 400), request=request, headers={"content-type": "application/json"}, content=body
    )
