"""What tools, resources and prompts give: text, pictures, sounds, tables, links, and handles of what is large."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.mcp.schemas import (
    MORE_CONTENT,
    STRUCTURED_CONTENT,
    Content,
    PromptResult,
    ResourceResult,
    ToolResult,
)
from vibe_jupyter.core.operations import Document
from vibe_jupyter.widgets.rendering.document import (
    Audio,
    Block,
    Code,
    Command,
    Heading,
    Image,
    Inline,
    Line,
    Link,
    Markdown,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import counted, duration, size
from vibe_jupyter.widgets.rendering.generic import generic
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RENDERERS", "content_blocks", "result_blocks", "summary_of"]

_MARKS = {
    "heading": re.compile(r"^#{1,6} \S", re.MULTILINE),
    "list": re.compile(r"^ {0,3}(?:[-*+]|\d+\.) \S.*\n {0,3}(?:[-*+]|\d+\.) \S", re.MULTILINE),
    "strong": re.compile(r"\*\*[^*\s][^*\n]*\*\*"),
    "code": re.compile(r"(?<!`)`[^`\n]+`(?!`)"),
    "link": re.compile(r"\[[^\]\n]+\]\(https?://[^)\s]+\)"),
    "quote": re.compile(r"^> \S", re.MULTILINE),
}
_CERTAIN = re.compile(r"^```[\w-]*\s*$|^\|(?: *:?-+:? *\|)+ *$", re.MULTILINE)
_LOOKED_AT = 20_000
_PRETTY = 100_000
_MANY = 100


def _tool_result(result: ToolResult) -> Iterator[Block]:
    name = Text(f"{result.server}.{result.tool}", "code", limit=120)
    failed: list[Inline] = [" · ", Text("✗ failed", "bad")] if result.is_error else []
    yield Line(name, " · ", duration(result.duration_ms / 1000), *failed)
    yield from result_blocks(result)


def result_blocks(result: ToolResult) -> Iterator[Block]:
    """Return what a tool gave: its structured content once, and all that does not repeat it."""
    whole = vars(result).get(
        "structured_content"
    )  # as it came: a client would fetch one that is kept in a file
    if whole is None and (kept := _kept_structure(result.content)) is not None:
        yield from _sample(kept)
        yield from content_blocks(_beside(kept, result.content))
        return
    structured = whole
    if isinstance(structured, dict) and set(structured) == {"result"}:
        structured = structured["result"]  # how servers wrap what is no object
    if (
        isinstance(structured, dict)
        and len(structured) == 1
        and _is_text_of(result.content, *structured.values())
    ):
        structured = None  # one text under some name, which is there as a text
    parts = [part for part in result.content if not _repeats(part, structured, whole)]
    if structured is not None and not isinstance(structured, str):
        yield from generic(structured)
    elif isinstance(structured, str) and not any(part.text == structured for part in parts):
        yield from _text(structured, None)
    yield from content_blocks(parts)
    if structured is None and not parts:
        yield Line(Text("it gave nothing", "muted"))


def summary_of(result: ToolResult) -> str:
    """Return what a tool gave in a few words, empty for text alone."""
    kinds = [part.type for part in result.content]
    said = [
        counted(count, noun)
        for noun, count in (
            ("image", kinds.count("image")),
            ("sound", kinds.count("audio")),
            ("resource", kinds.count("resource") + kinds.count("resource_link")),
        )
        if count
    ]
    return ", ".join(said)


def content_blocks(parts: Sequence[Content]) -> Iterator[Block]:
    """Return pieces of content, each as its kind is shown."""
    for part in parts[:_MANY]:
        match part.type:
            case "text":
                yield from _text(part.text or "", part.mime_type)
            case "image" | "audio":
                yield from _binary(part)
            case "resource":
                yield Line(_place(part), *_about(part))
                yield from _resource(part)
            case "resource_link":
                yield Line(Text("→ ", "muted"), _place(part), *_about(part))
        if part.handle:
            yield _kept(part)
    if len(parts) > _MANY:
        yield Line(Text(f"… and {counted(len(parts) - _MANY, 'more part')}", "muted"))


def _is_text_of(parts: Sequence[Content], value: Any) -> bool:
    return isinstance(value, str) and any(part.type == "text" and part.text == value for part in parts)


def _kept_structure(parts: Sequence[Content]) -> Content | None:
    """Return the piece that stands for structured content too large to be shown."""
    return next((part for part in parts if part.name == STRUCTURED_CONTENT and part.handle), None)


def _sample(kept: Content) -> Iterator[Block]:
    """Return the first rows of structured content that is kept in a file, and where all of it is."""
    try:
        sample = json.loads(kept.text or "")
    except ValueError:  # stored by an older version: its beginning alone
        yield Code(kept.text or "")
    else:
        if isinstance(sample, dict) and set(sample) == {"result"}:
            sample = sample["result"]
        yield from generic(sample)
    told = f"this is its beginning ({kept.description})" if kept.description else "this is its beginning"
    said = f"… {told}; all of it, {size(kept.size_bytes or 0)}, is kept: "
    yield Line(Text(said, "muted", limit=400), Command("payload", kept.handle or ""))


def _beside(kept: Content, parts: Sequence[Content]) -> list[Content]:
    """Return the pieces that are not the structured content once more: as one JSON text, or one for each row."""
    others = [part for part in parts if part is not kept]
    new = [part for part in others if not _is_json_text(part)]
    if len(new) < len(others):  # then those that are too many are further rows
        new = [part for part in new if part.name != MORE_CONTENT]
    return new


def _is_json_text(part: Content) -> bool:
    return part.type == "text" and (part.text or "").lstrip()[:1] in ("{", "[")


def _repeats(part: Content, structured: Any, whole: Any) -> bool:
    """Return whether a text only says once more what the structured content says."""
    if part.type != "text" or structured is None or isinstance(structured, str) or not part.text:
        return False
    if part.handle:
        return _begins_as(part.text, structured) or _begins_as(part.text, whole)
    try:
        said = json.loads(part.text)
    except (ValueError, RecursionError):
        return str(structured) == part.text or (isinstance(structured, list) and part.text in structured)
    return said in (structured, whole) or (isinstance(structured, list) and said in structured)


def _begins_as(beginning: str, value: Any) -> bool:
    """Return whether a text that was cut is the beginning of a value's JSON, however it was spaced and escaped."""
    said = "".join(beginning.split())
    return any(
        "".join(json.dumps(value, ensure_ascii=is_ascii).split()).startswith(said)
        for is_ascii in (False, True)
    )


def _text(text: str, media_type: str | None) -> Iterator[Block]:
    if media_type in ("text/markdown", "text/x-markdown") or (media_type is None and _is_markdown(text)):
        yield Markdown(text)
        return
    stripped = text.strip()
    if len(stripped) <= _PRETTY and stripped[:1] + stripped[-1:] in ("{}", "[]"):
        try:
            value = json.loads(stripped)
        except (ValueError, RecursionError):
            value = None
        if value is not None:
            yield Code(json.dumps(value, indent=2, ensure_ascii=False))
            return
    if "\n" in stripped or len(stripped) > 200:
        yield Code(text)
    else:
        yield Line(stripped or Text("an empty text", "muted"))


def _is_markdown(text: str) -> bool:
    """Return whether a text has marks of two kinds, or one that is nothing else."""
    beginning = text[:_LOOKED_AT]
    if _CERTAIN.search(beginning):
        return True
    return sum(bool(mark.search(beginning)) for mark in _MARKS.values()) >= 2


def _binary(part: Content) -> Iterator[Block]:
    media_type = part.mime_type or "application/octet-stream"
    if part.data is None:
        if not part.handle:
            yield Line(Text(f"{part.name or part.type}: shown below", "muted"))
    elif media_type.startswith("image/"):
        yield Image(media_type, _svg_as_text(media_type, part.data), part.name or part.title)
    elif media_type.startswith("audio/"):
        yield Audio(media_type, part.data, part.name or part.title)
    else:
        yield Line(Text(f"{part.name or part.type} ({media_type}) is not shown here", "muted"))


def _resource(part: Content) -> Iterator[Block]:
    if part.text is not None:
        yield from _text(part.text, part.mime_type if part.mime_type != "text/plain" else None)
    elif part.data is not None:
        yield from _binary(part)


def _svg_as_text(media_type: str, data: str) -> str:
    if media_type != "image/svg+xml":
        return data
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except ValueError:
        return data


def _place(part: Content) -> Inline:
    return Link(part.uri or "", part.title or part.name)


def _about(part: Content) -> list[Inline]:
    said = [part.mime_type or "", size(part.size_bytes) if part.size_bytes is not None else ""]
    told: list[Inline] = [Text(f" · {one}", "muted", limit=100) for one in said if one]
    if part.description:
        told.append(Text(f" · {part.description}", "muted", limit=200))
    return told


def _kept(part: Content) -> Line:
    whole = f"{size(part.size_bytes)} " if part.size_bytes is not None else ""
    what = f"the whole, {whole}" if part.text is not None else f"{part.name or part.type}, {whole}"
    return Line(Text("… ", "muted"), Text(f"{what}is kept: ", "muted"), Command("payload", part.handle or ""))


def _resource_result(result: ResourceResult) -> Iterator[Block]:
    yield Line(Text(result.id, "strong", limit=100), " · ", Text(result.uri, "code", limit=300))
    for part in result.content:
        yield from _resource(part)
        if part.handle:
            yield _kept(part)
    if not result.content:
        yield Line(Text("it holds nothing", "muted"))


def _prompt_result(result: PromptResult) -> Iterator[Block]:
    yield Line(Text(f"{result.id}.{result.prompt}", "code", limit=200))
    if result.description:
        yield Line(Text(result.description, "muted", limit=400))
    for message in result.messages:
        yield Heading(message.role)
        yield from content_blocks([message.content])


def _document(document: Document) -> Iterator[Block]:
    media_type = document.media_type.partition(";")[0].strip()
    yield Line(
        Text(document.filename, "strong", limit=200),
        f" · {media_type} · {size(len(document.content))} · ",
        Text("_.save()", "code"),
        Text(" writes it to a file", "muted"),
    )
    if media_type.startswith("text/") or media_type == "application/json":
        yield from _text(document.content[:_LOOKED_AT].decode("utf-8", "replace"), media_type)
    elif media_type.startswith(("image/", "audio/")) and media_type != "image/svg+xml":
        data = base64.b64encode(document.content).decode("ascii")
        named = Content(
            type="image", data=data, mime_type=media_type, name=document.filename
        )  # the kind follows from the type
        yield from _binary(named)


RENDERERS: dict[type, Renderer] = {
    ToolResult: Renderer(_tool_result, summary=summary_of),
    ResourceResult: Renderer(_resource_result),
    PromptResult: Renderer(_prompt_result),
    Document: Renderer(_document),
}
