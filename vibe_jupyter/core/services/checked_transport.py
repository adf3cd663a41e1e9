"""An httpx2 transport that follows the address policy: a name is checked at the moment of connecting.

Checked before, it could mean another address a moment later (DNS rebinding), and a redirect would go unchecked.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from vibe_jupyter.core.errors import Forbidden
from vibe_jupyter.core.services.addresses import resolved

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CheckedTransport"]


class CheckedTransport(httpx2.AsyncHTTPTransport):
    """Connects directly, and to no address that must not be asked: that is an `httpx2.ConnectError`."""

    def __init__(self, *, limits: httpx2.Limits, allow_private: bool) -> None:
        super().__init__(limits=limits)
        pool: Any = self._pool  # httpx2 2.16 has no argument for the backend of its pool
        pool._network_backend = _CheckedBackend(pool._network_backend, allow_private=allow_private)


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    def __init__(self, inner: httpcore2.AsyncNetworkBackend, *, allow_private: bool) -> None:
        self._inner = inner
        self._allow_private = allow_private

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to one of the addresses that were checked, not to the name."""
        addresses = await self._addresses(host, port, timeout)
        # One after the other, so those first whose network is more likely to be there.
        addresses.sort(key=lambda address: ipaddress.ip_address(address.partition("%")[0]).version)
        share = None if timeout is None else timeout / len(addresses)
        *others, last = addresses
        for address in others:
            try:
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue  # the next one; what the last one says is raised
        return await self._inner.connect_tcp(last, port, share, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _addresses(self, host: str, port: int, limit_s: float | None) -> list[str]:
        try:
            async with asyncio.timeout(limit_s):
                return await resolved(host, port, allow_private=self._allow_private)
        except Forbidden as error:
            raise httpcore2.ConnectError(error.in_one_line) from error
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(f"{host}: {error}") from error
