"""From what a tool, resource or prompt gives to what the API shows: bounded, and safe to store as JSON.

What is too large to be shown becomes a file with a handle: a single piece of content, all that is more than a result
shows in sum, and the pieces that are too many.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from vibe_jupyter.core.mcp.schemas import MORE_CONTENT, STRUCTURED_CONTENT, Content, PromptMessage, ToolResult
from vibe_jupyter.core.mcp.spec import MAX_PIECES
from vibe_jupyter.core.mcp.tools.samples import counted_rows, sample_of
from vibe_jupyter.core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Keep = Callable[[bytes, str], str]
    R = TypeVar("R")

__all__ = ["contents_of", "messages_of", "off_loop_if_large", "tool_result"]

_MAX_TEXT_BYTES = 256 * 1024
_MAX_BINARY_BYTES = 4 * 2**20
_MAX_STRUCTURED_BYTES = 1024 * 1024
_MAX_INLINE_BYTES = 4 * 2**20
"""Of all pieces of a result together."""
_BEGINNING = 2000
_MAX_URI = 8192
"""No longer one can be read: see `ResourceQuery`."""
_QUICK = 64 * 1024
"""Characters that are converted so quickly that nobody notices."""
_CHARACTERS_OF_A_VALUE = 20


def tool_result(raw: Any, *, server: str, tool: str, duration_ms: float, keep: Keep) -> ToolResult:
    """Return a tool's result; `keep` puts large payloads aside and returns their handle."""
    content = _Pieces(keep).shown(raw.content)
    structured = storable(raw.structured_content)
    if structured is not None:
        text = orjson.dumps(structured)
        if len(text) > _MAX_STRUCTURED_BYTES:
            handle = keep(text, "application/json")
            content.append(
                Content(
                    type="resource", mime_type="application/json", size_bytes=len(text), handle=handle,
                    text=sample_of(structured), name=STRUCTURED_CONTENT, description=counted_rows(structured),
                )
            )  # fmt: skip
            structured = None
    return ToolResult(
        content=content,
        structured_content=structured,
        is_error=bool(raw.is_error),
        duration_ms=round(duration_ms, 3),
        server=server,
        tool=tool,
    )


def contents_of(raw: Any, keep: Keep) -> list[Content]:
    """Return what a resource holds."""
    pieces = _Pieces(keep)
    shown = [pieces.resource(one) for one in raw.contents[:MAX_PIECES]]
    return [*shown, *pieces.rest(raw.contents)]


def messages_of(raw: Any, keep: Keep) -> list[PromptMessage]:
    """Return the messages of a prompt."""
    pieces = _Pieces(keep)
    shown = [
        PromptMessage(role=one.role, content=pieces.piece(one.content)) for one in raw.messages[:MAX_PIECES]
    ]
    return [*shown, *(PromptMessage(role="user", content=one) for one in pieces.rest(raw.messages))]


async def off_loop_if_large(raw: Any, convert: Callable[[], R]) -> R:
    """Convert what was given: on a thread, if it is so large that others would notice."""
    given: Sequence[Any] = next(
        (found for name in ("content", "contents", "messages") if (found := getattr(raw, name, None))), ()
    )
    if len(given) > MAX_PIECES or _is_large(
        [getattr(raw, "structured_content", None), *map(_payload, given)]
    ):
        return await asyncio.to_thread(convert)
    return convert()


class _Pieces:
    """Makes contents of what one result gives, as long as there is room for them."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._left_bytes = _MAX_INLINE_BYTES

    def shown(self, blocks: Sequence[Any]) -> list[Content]:
        """Return content blocks; of those that are too many, what they are and where."""
        return [*map(self.piece, blocks[:MAX_PIECES]), *self.rest(blocks)]

    def rest(self, blocks: Sequence[Any]) -> Iterable[Content]:
        """Put what follows after the last piece that is shown into one file, as the server gave it."""
        if len(blocks) <= MAX_PIECES:
            return
        more = blocks[MAX_PIECES:]
        whole = b"[" + b",".join(map(_json, more)) + b"]"
        yield Content(
            type="resource",
            mime_type="application/json",
            name=MORE_CONTENT,
            text=f"[{len(more):,} more of {len(blocks):,} pieces are in a file]",
            size_bytes=len(whole),
            handle=self._keep(whole, "application/json"),
        )

    def piece(self, block: Any) -> Content:
        """Return a content block."""
        if block.type == "text":
            return self._text(block.text, type="text")
        if block.type in ("image", "audio"):
            return self._binary(block.data, type=block.type, mime_type=_short(block.mime_type, 200))
        if block.type == "resource":
            return self.resource(block.resource)
        return Content(
            type="resource_link",
            uri=_short(str(block.uri), _MAX_URI),
            name=_short(block.name, 500),
            title=_short(getattr(block, "title", None), 500),
            description=_short(getattr(block, "description", None), _BEGINNING),
            mime_type=_short(block.mime_type, 200),
            size_bytes=getattr(block, "size", None),
        )

    def resource(self, one: Any) -> Content:
        """Return a resource, text or binary."""
        about = {"uri": _short(str(one.uri), _MAX_URI), "mime_type": _short(one.mime_type, 200)}
        text = getattr(one, "text", None)
        if text is not None:
            return self._text(text, type="resource", **about)
        return self._binary(one.blob, type="resource", **about)

    def _text(self, text: str, **fields: Any) -> Content:
        text = storable(text)
        size = len(text) if text.isascii() else len(text.encode())
        if len(text) <= _BEGINNING or size <= min(_MAX_TEXT_BYTES, self._left_bytes):
            self._left_bytes -= size
            return Content(text=text, **fields)
        handle = self._keep(text.encode(), fields.get("mime_type") or "text/plain")
        return Content(text=text[:_BEGINNING], handle=handle, size_bytes=size, **fields)

    def _binary(self, data: str, **fields: Any) -> Content:
        """Return a binary payload; one that is no base64 is said to be broken, in words."""
        import base64
        import binascii

        try:
            whole = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            kind = fields.pop("type")
            mime_type = fields.pop("mime_type", None)
            text = f"[broken {kind}{f' of type {mime_type}' if mime_type else ''}: its data is no base64]"
            return Content(type="text", text=text, uri=fields.get("uri"))
        size = len(whole)
        if size <= _BEGINNING or size <= min(_MAX_BINARY_BYTES, self._left_bytes):
            self._left_bytes -= size
            return Content(data=data, size_bytes=size, **fields)
        handle = self._keep(whole, fields.get("mime_type") or "application/octet-stream")
        return Content(handle=handle, size_bytes=size, **fields)


def _payload(block: Any) -> Any:
    """Return what makes a block large: its text, or its data."""
    block = getattr(block, "resource", None) or block
    block = getattr(block, "content", None) or block
    return getattr(block, "text", None) or getattr(block, "data", None) or getattr(block, "blob", None)


def _is_large(values: list[Any]) -> bool:
    """Return whether values are many or long; looks at no more of them than it must."""
    left = _QUICK
    waiting: list[Any] = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            left -= len(value)
        elif isinstance(value, list | dict):
            left -= _CHARACTERS_OF_A_VALUE * len(value)
        if left < 0:
            return True
        if isinstance(value, dict):
            waiting += value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False


def _json(block: Any) -> bytes:
    """Return a block as MCP spells it."""
    if not isinstance(block, dict | list | str | int | float | None):
        block = block.model_dump(mode="json", by_alias=True, exclude_none=True)
    return orjson.dumps(storable(block))


def _short(text: str | None, length: int) -> str | None:
    """Return the beginning of a word about a piece: of many pieces, long ones would be much in sum."""
    return text if text is None else storable(text[:length])
