"""Streamable HTTP for `mcp.Client`: the SDK's, over connections whose failures the shield confines."""

from __future__ import annotations

import contextlib
import ipaddress
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import httpx2

from vibe_jupyter.core.mcp.sessions.incoming import IncomingStream
from vibe_jupyter.core.mcp.sessions.shield import Shield
from vibe_jupyter.core.services.checked_transport import CheckedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

__all__ = ["client_for", "http_transport", "is_loopback", "shield_for"]

_TIMEOUT = httpx2.Timeout(30.0, read=None)  # an answer may take long: the caller has a limit of its own
_LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50)


@contextlib.asynccontextmanager
async def http_transport(
    url: str,
    headers: Mapping[str, str],
    *,
    max_bytes: int,
    allow_private: bool = True,
    auth: httpx2.Auth | None = None,
) -> AsyncIterator[Any]:
    """Yield the streams of a streamable HTTP server; the connections live and die with them.

    A redirect is followed on the server's own origin alone (the SDK sees to it), and cookies end with the session.
    """
    from mcp.client.streamable_http import streamable_http_client

    shield = shield_for(url, max_bytes, allow_private=allow_private)
    async with (
        client_for(shield, headers, auth) as client,
        streamable_http_client(url, http_client=client, max_sse_event_size=max_bytes) as streams,
    ):
        yield IncomingStream(streams[0]), streams[1]


def client_for(shield: Shield, headers: Mapping[str, str], auth: httpx2.Auth | None) -> httpx2.AsyncClient:
    """Return an HTTP client that reads nothing from the environment by itself."""
    return httpx2.AsyncClient(
        transport=shield, headers=dict(headers), timeout=_TIMEOUT, auth=auth, trust_env=False
    )


def shield_for(url: str, max_bytes: int, *, allow_private: bool = True) -> Shield:
    """Return what connects to a server; a proxy of the environment is used, but never to our own machine.

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


def _proxy_for(url: str) -> str | None:
    parts = urllib.parse.urlsplit(url)
    proxies = urllib.request.getproxies()
    if urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")
