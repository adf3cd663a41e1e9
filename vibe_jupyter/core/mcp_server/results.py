"""From what an operation answers to what an agent gets: text and an object, of a size that its client takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from vibe_jupyter.core import shortening
from vibe_jupyter.core.errors import TooLarge

if TYPE_CHECKING:
    from mcp_types import CallToolResult, ContentBlock

    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.mcp.schemas import Content, ToolResult
    from vibe_jupyter.core.operations import Document

__all__ = ["MAX_BYTES", "answer", "failure", "of_a_document", "of_a_tool", "shortened"]

MAX_BYTES = 256 * 1024
"""Of the JSON. It is said twice, once as text, in which each quote takes two bytes; and clients made with the SDK
take 1 MiB in one event."""
_MAX_PICTURE_BYTES = 640 * 1024


async def answer(content: bytes) -> CallToolResult:
    """Return a JSON object as text and as structured content; a large one with its texts and lists cut.

    Raises:
        TooLarge: `result.too_large`, if even that is too much.
    """
    from mcp_types import CallToolResult, TextContent

    blocks: list[ContentBlock] = []
    if len(content) > MAX_BYTES:
        size = len(content)
        content = await asyncio.to_thread(shortened, content)
        note = f"[cut from {size:,} bytes: long texts and lists end early; the REST API has all of it]"
        blocks.append(TextContent(type="text", text=note))
    return CallToolResult(
        content=[TextContent(type="text", text=content.decode()), *blocks],
        structured_content=orjson.loads(content),
    )


async def of_a_document(document: Document) -> CallToolResult:
    """Return a document of text as its text, which is JSON, CSV, Turtle, ...

    Raises:
        TooLarge: `result.too_large`.
    """
    from mcp_types import CallToolResult, TextContent

    if len(document.content) > MAX_BYTES:
        raise TooLarge(
            f"the result has {len(document.content):,} bytes, too many for an agent",
            code="result.too_large",
            hint="ask for less, e.g. with LIMIT",
        )
    text = document.content.decode("utf-8", "replace")
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content={"media_type": document.media_type, "text": text},
    )


def shortened(content: bytes) -> bytes:
    """Return a JSON value in the same shape with less in it, in at most `MAX_BYTES`.

    Raises:
        TooLarge: `result.too_large`.
    """
    found = shortening.shortened(orjson.loads(content), MAX_BYTES)
    if found is not None:
        return found
    raise TooLarge(
        f"the result has {len(content):,} bytes, too many for an agent",
        code="result.too_large",
        hint="ask for less, e.g. with a smaller limit",
    )


async def of_a_tool(result: ToolResult) -> CallToolResult:
    """Return what a tool of another server gave: its pictures as pictures, and its failure as one."""
    from mcp_types import CallToolResult

    told = result.model_copy(
        update={"content": [one.model_copy(update={"data": None}) for one in result.content]}
    )
    whole = await answer(orjson.dumps(told.model_dump(mode="json")))
    return CallToolResult(
        content=[*(_block(one) for one in result.content if one.type in ("image", "audio")), *whole.content],
        structured_content=whole.structured_content,
        is_error=result.is_error,
    )


def _block(one: Content) -> ContentBlock:
    from mcp_types import AudioContent, ImageContent, TextContent

    if one.data is None or one.mime_type is None or len(one.data) > _MAX_PICTURE_BYTES:
        size = f" of {one.size_bytes:,} bytes" if one.size_bytes else ""
        return TextContent(type="text", text=f"[{one.type}{size}, not sent: it is too large]")
    if one.type == "image":
        return ImageContent(type="image", data=one.data, mime_type=one.mime_type)
    return AudioContent(type="audio", data=one.data, mime_type=one.mime_type)


def failure(error: VibeError) -> CallToolResult:
    """Return an error as a result, by which a model can do better: its code, message, hint and faulty fields."""
    from mcp_types import CallToolResult, TextContent

    text = orjson.dumps(error.problem(), default=str).decode()
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
