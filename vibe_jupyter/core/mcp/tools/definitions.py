"""From what a server says of its tools, resources and prompts to what the API says of them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from vibe_jupyter.core.mcp.schemas import (
    Annotations,
    McpCapabilities,
    PromptArgument,
    PromptInfo,
    ResourceInfo,
    ResourceTemplateInfo,
    ToolInfo,
)
from vibe_jupyter.core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import BaseModel

    from vibe_jupyter.core.mcp.sessions.listing import Listing

    T = TypeVar("T", bound=BaseModel)

__all__ = ["capabilities_of", "capability_name", "fingerprint"]

_MAX_TEXT = 20_000
_MAX_WORD = 500
"""Of a name, a title, a media type; a tool's name is short, or it has none."""
_MAX_TOOL_NAME = 128  # https://modelcontextprotocol.io/specification/2026-07-28/server/tools
_MAX_URI = 8192
_MAX_SCHEMA_BYTES = 64 * 1024
_MAX_LISTING_BYTES = 4 * 2**20
_MAX_PROBLEMS = 50
_MAX_PLAIN = 150
_PLAIN = re.compile(rf"[A-Za-z0-9_\-]{{1,{_MAX_PLAIN}}}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-]+")
_LIKE_HASHED = re.compile(r".*-[0-9a-f]{10}", re.DOTALL)


def capability_name(server: str, tool: str) -> str:
    """Return what a task asks for to be routed to a tool: always the same, and another one for each tool.

    A name with characters that have no place there, or with too many, ends with a hash of the name. So does one that
    could be taken for such a one.

    >>> capability_name("files", "read_text_file"), capability_name("web", "pages/get v2")
    ('mcp.files.read_text_file', 'mcp.web.pages-get-v2-d037f67369')
    """
    if _PLAIN.fullmatch(tool) and not _LIKE_HASHED.fullmatch(tool):
        return f"mcp.{server}.{tool}"
    plain = _NOT_IN_NAMES.sub("-", tool).strip("-")[:_MAX_PLAIN]
    digest = hashlib.sha256(tool.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"mcp.{server}.{plain or 'tool'}-{digest}"


def fingerprint(tool: ToolInfo) -> str:
    """Return a hash of all that a person may have seen before they approved a tool."""
    what = [tool.name, tool.title, tool.description, tool.input_schema, tool.output_schema]
    what.append(tool.annotations.model_dump())
    # Not by orjson: it knows no numbers beyond 64 bits, and no halves of surrogate pairs.
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:32]


def capabilities_of(server: str, listing: Listing) -> McpCapabilities:
    """Return all that a server offers, as far as it can be believed; of two tools of one name the first counts.

    What is no good, or too much, is left out and named in `problems`; all else is there. It may take a while.
    """
    facts = listing.facts
    kept = _Kept([str(storable(problem)) for problem in listing.problems])
    for raw in listing.tools:
        kept.tool(server, raw)
    return McpCapabilities(
        id=server,
        server=_clean(f"{facts.name} {facts.version}".strip(), _MAX_WORD),
        protocol_version=_word(facts.protocol_version),
        instructions=_clean(facts.instructions) or None,
        tools=list(kept.tools.values()),
        resources=kept.all("resources", listing.resources, _resource),
        resource_templates=kept.all("resource templates", listing.resource_templates, _template),
        prompts=kept.all("prompts", listing.prompts, _prompt),
        problems=kept.shown_problems,
    )


class _Kept:
    """What is kept of a listing, as long as there is room."""

    def __init__(self, problems: list[str]) -> None:
        self.tools: dict[str, ToolInfo] = {}
        self._problems = problems
        self._left_bytes = _MAX_LISTING_BYTES
        self._refused: set[str] = set()

    @property
    def shown_problems(self) -> list[str]:
        """Return why something is not there."""
        more = len(self._problems) - _MAX_PROBLEMS
        return [*self._problems[:_MAX_PROBLEMS], *([f"and {more:,} more problems"] if more > 0 else [])]

    def tool(self, server: str, raw: Any) -> None:
        """Keep a tool, if it can be called and stored."""
        if "tools" in self._refused:
            return
        name = str(raw.name)
        shown = _clean(name, 60)
        if name in self.tools:
            self._problems.append(f"it has two tools of the name {shown}: the first is taken")
            return
        if not name or len(name) > _MAX_TOOL_NAME or storable(name) != name:
            why = (
                f"it is longer than {_MAX_TOOL_NAME} characters"
                if len(name) > _MAX_TOOL_NAME
                else "it is none"
            )
            self._problems.append(f"a tool is left out for its name, {shown!r}: {why}")
            return
        try:
            tool, problems = _tool(server, raw)
        except (RecursionError, OverflowError, ValueError):
            self._problems.append(f"{shown} is left out: its schema cannot be read")
            return
        self._problems += [f"{shown}: {problem}" for problem in problems]
        if self._has_room("tools", tool):
            self.tools[name] = tool

    def all(self, kind: str, given: Iterable[Any], read: Callable[[Any], T]) -> list[T]:
        """Keep things of one kind."""
        return [found for raw in given if self._has_room(kind, found := read(raw))]

    def _has_room(self, kind: str, found: BaseModel) -> bool:
        if kind in self._refused:
            return False
        self._left_bytes -= len(found.model_dump_json())
        if self._left_bytes >= 0:
            return True
        self._refused.add(kind)
        self._problems.append(
            f"what it offers is more than {_MAX_LISTING_BYTES >> 20} MB: the last of its {kind} are left out"
        )
        return False


def _tool(server: str, raw: Any) -> tuple[ToolInfo, list[str]]:
    hints = raw.annotations
    title = raw.title or (hints.title if hints else None)
    schemas: dict[str, Any] = {"input_schema": raw.input_schema or {"type": "object"}}
    schemas["output_schema"] = raw.output_schema
    given = {kind: storable(schema, float) for kind, schema in schemas.items()}
    tool = ToolInfo(
        name=raw.name,
        title=_word(title),
        description=_clean(raw.description),
        annotations=Annotations(
            read_only=hints.read_only_hint,
            destructive=hints.destructive_hint,
            idempotent=hints.idempotent_hint,
            open_world=hints.open_world_hint,
        )
        if hints
        else Annotations(),
        capability=capability_name(server, raw.name),
        fingerprint="",
        allowed=True,
        **given,
    )
    # Of all that was sent: what is left out here may change as well.
    whole = tool.model_copy(update={"title": title, "description": raw.description or "", **schemas})
    changes: dict[str, Any] = {"fingerprint": fingerprint(whole)}
    problems = []
    for kind, instead in (("input_schema", {"type": "object"}), ("output_schema", None)):
        if (size := len(orjson.dumps(given[kind]))) > _MAX_SCHEMA_BYTES:
            changes[kind] = instead
            problems.append(
                f"its {kind} has {size:,} bytes, more than {_MAX_SCHEMA_BYTES:,}, and is left out"
            )
    return tool.model_copy(update=changes), problems


def _resource(raw: Any) -> ResourceInfo:
    return ResourceInfo(
        uri=_clean(str(raw.uri), _MAX_URI), size_bytes=None if raw.size is None else min(raw.size, 2**63 - 1),
        **_about(raw), mime_type=_word(raw.mime_type),
    )  # fmt: skip


def _template(raw: Any) -> ResourceTemplateInfo:
    return ResourceTemplateInfo(
        uri_template=_clean(raw.uri_template, _MAX_URI), **_about(raw), mime_type=_word(raw.mime_type)
    )


def _prompt(raw: Any) -> PromptInfo:
    arguments = [
        PromptArgument(
            name=_clean(one.name, _MAX_WORD), description=_clean(one.description), required=bool(one.required)
        )
        for one in raw.arguments or []
    ]
    return PromptInfo(**_about(raw), arguments=arguments)


def _about(raw: Any) -> dict[str, Any]:
    return {
        "name": _clean(raw.name, _MAX_WORD),
        "title": _word(raw.title),
        "description": _clean(raw.description),
    }


def _word(text: str | None) -> str | None:
    return None if text is None else _clean(text, _MAX_WORD)


def _clean(text: str | None, limit: int = _MAX_TEXT) -> str:
    """Return a text that every database can hold."""
    return str(storable((text or "")[:limit]))
