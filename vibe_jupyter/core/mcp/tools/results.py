"""From what a tool, resource or prompt gives to what the API shows: bounded, and safe to store as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.mcp.schemas import Content, PromptMessage, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["contents_of", "messages_of", "tool_result"]

_MAX_TEXT_BYTES = 256 * 1024
_MAX_BINARY_BYTES = 4 * 2**20
_MAX_STRUCTURED_BYTES = 1024 * 1024
_BEGINNING = 2000


def tool_result(
    raw: Any, *, server: str, tool: str, duration_ms: float, keep: Callable[[bytes, str], str]
) -> ToolResult:
    """Return a tool's result; `keep` puts large payloads aside and returns their handle."""
    content = [_content(block, keep) for block in raw.content]
    structured = _storable(raw.structured_content)
    if structured is not None:
        text = orjson.dumps(structured)
        if len(text) > _MAX_STRUCTURED_BYTES:
            handle = keep(text, "application/json")
            content.append(
                Content(
                    type="resource", mime_type="application/json", size_bytes=len(text), handle=handle,
                    text=text[:_BEGINNING].decode(errors="replace"), name="structured_content",
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


def contents_of(raw: Any, keep: Callable[[bytes, str], str]) -> list[Content]:
    """Return what a resource holds."""
    return [_resource(one, keep) for one in raw.contents]


def messages_of(raw: Any, keep: Callable[[bytes, str], str]) -> list[PromptMessage]:
    """Return the messages of a prompt."""
    return [PromptMessage(role=one.role, content=_content(one.content, keep)) for one in raw.messages]


def _content(block: Any, keep: Callable[[bytes, str], str]) -> Content:
    if block.type == "text":
        return _text(block.text, keep, type="text")
    if block.type in ("image", "audio"):
        return _binary(block.data, keep, type=block.type, mime_type=block.mime_type)
    if block.type == "resource":
        return _resource(block.resource, keep)
    return Content(
        type="resource_link",
        uri=str(block.uri),
        name=block.name,
        title=getattr(block, "title", None),
        description=getattr(block, "description", None),
        mime_type=block.mime_type,
        size_bytes=getattr(block, "size", None),
    )


def _resource(one: Any, keep: Callable[[bytes, str], str]) -> Content:
    uri = str(one.uri)
    text = getattr(one, "text", None)
    if text is not None:
        return _text(text, keep, type="resource", uri=uri, mime_type=one.mime_type)
    return _binary(one.blob, keep, type="resource", uri=uri, mime_type=one.mime_type)


def _text(text: str, keep: Callable[[bytes, str], str], **fields: Any) -> Content:
    text = _storable(text)
    if len(text) <= _MAX_TEXT_BYTES // 4 or len(whole := text.encode()) <= _MAX_TEXT_BYTES:
        return Content(text=text, **fields)
    handle = keep(whole, fields.get("mime_type") or "text/plain")
    return Content(text=text[:_BEGINNING], handle=handle, size_bytes=len(whole), **fields)


def _binary(data: str, keep: Callable[[bytes, str], str], **fields: Any) -> Content:
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
    if len(whole) <= _MAX_BINARY_BYTES:
        return Content(data=data, size_bytes=len(whole), **fields)
    handle = keep(whole, fields.get("mime_type") or "application/octet-stream")
    return Content(handle=handle, size_bytes=len(whole), **fields)


def _storable(value: Any) -> Any:
    """Return JSON without what a database or an encoder would stumble over: NUL, halves of surrogate pairs."""
    if isinstance(value, str):
        if "\x00" in value:
            value = value.replace("\x00", "\ufffd")
        try:
            value.encode()
        except UnicodeEncodeError:
            value = value.encode("utf-8", "replace").decode()
        return value
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value
