"""Results that do not say of what kind they are: complete, for servers that are older than the kinds (2026-07-28).

A client must take them so. The SDK (2.3) refuses them from a server of the modern era, after the tool has run.
"""

from __future__ import annotations

from typing import Any, Self

__all__ = ["CompletedStream", "completed"]


def completed(item: Any) -> Any:
    """Return a message of the SDK; if it is a result, one that says what kind it is."""
    result = getattr(getattr(item, "message", None), "result", None)
    if isinstance(result, dict):
        result.setdefault("resultType", "complete")
    return item


class CompletedStream:
    """Stands in for the stream by which the SDK reads from one of its own transports."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def last_context(self) -> Any:
        """Return the context of the call that the last message belongs to."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Any:
        """Return the next message."""
        return completed(await self._inner.receive())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return completed(await anext(self._inner))

    async def aclose(self) -> None:
        """Close it."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *how: object) -> None:
        await self._inner.__aexit__(*how)
