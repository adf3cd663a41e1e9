"""What a server says, before the SDK sees it: results that say what kind they are, without what is heavy in them.

A result that does not say of what kind it is is complete, for servers that are older than the kinds (2026-07-28). A
client must take it so. The SDK (2.3) refuses it from a server of the modern era, after the tool has run.

The SDK checks each result on the event loop, twice, and writes it anew for that: 10 MB of structured content or some
ten thousand pieces take a good part of a second. Structured content may be any JSON, and is held to the tool's schema
by who calls; of very many pieces only the first are shown. So both pass by the SDK, inside of an empty object in the
place of the structured content, which it takes for JSON and hands on as it is.

And an error that a transport of ours has made is known as that. When a connection is closed the SDK makes an error of
its own for each call, which does not come this way; the same words of a server do, and are told from it by that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from vibe_jupyter.core.mcp.sessions.pages import without_faults
from vibe_jupyter.core.mcp.sessions.standins import Quoted, recognized
from vibe_jupyter.core.mcp.spec import MAX_PIECES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp_types import CallToolResult, ContentBlock

__all__ = ["IncomingStream", "RawResult", "incoming", "is_sdks_end", "whole"]


@dataclass(frozen=True)
class RawResult:
    """What a tool answered, in the SDK's types; pieces of content behind the first `MAX_PIECES` as they came."""

    content: Sequence[ContentBlock | Any]
    structured_content: Any
    is_error: bool


class _Aside(dict[str, Any]):
    """An object that is empty for the SDK, and has what is put aside."""

    def __init__(self, structured: Any, more: list[Any]) -> None:
        super().__init__()
        self.structured = structured
        self.more = more


def is_sdks_end(code: int, message: str) -> bool:
    """Return whether an error is worded as the SDK does it when the connection is gone for all calls."""
    return code == -32000 and message == "Connection closed"


def incoming(item: Any) -> Any:
    """Return a message of the SDK, as it shall see it."""
    message = getattr(item, "message", None)
    error = getattr(message, "error", None)
    if error is not None:
        error.data = Quoted() if is_sdks_end(error.code, error.message) else recognized(error.data)
    result = getattr(message, "result", None)
    if not isinstance(result, dict):
        return item
    without_faults(result)
    content, structured = result.get("content"), result.get("structuredContent")
    if result.setdefault("resultType", "complete") == "complete" and isinstance(content, list):
        more = content[MAX_PIECES:]
        if more or isinstance(structured, dict | list):
            result["content"] = content[:MAX_PIECES]
            result["structuredContent"] = _Aside(structured, more)
    return item


def whole(result: CallToolResult) -> RawResult:
    """Return a result with what was put aside."""
    held = result.structured_content
    if isinstance(held, _Aside):
        return RawResult([*result.content, *held.more], held.structured, result.is_error)
    return RawResult(result.content, held, result.is_error)


class IncomingStream:
    """Stands in for the stream by which the SDK reads from one of its own transports."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def last_context(self) -> Any:
        """Return the context of the call that the last message belongs to."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Any:
        """Return the next message."""
        return incoming(await self._inner.receive())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return incoming(await anext(self._inner))

    async def aclose(self) -> None:
        """Close it."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *how: object) -> None:
        await self._inner.__aexit__(*how)
