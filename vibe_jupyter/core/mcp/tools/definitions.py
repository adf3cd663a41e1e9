"""From what a server says of its tools, resources and prompts to what the API says of them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.sessions.listing import Listing

__all__ = ["capabilities_of", "capability_name", "fingerprint"]

_MAX_TEXT = 20_000
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_\-]+")


def capability_name(server: str, tool: str) -> str:
    """Return what a task asks for to be routed to a tool.

    >>> capability_name("files", "read_text_file"), capability_name("web", "pages/get v2")
    ('mcp.files.read_text_file', 'mcp.web.pages-get-v2')
    """
    plain = _NOT_IN_NAMES.sub("-", tool).strip("-")
    if not plain:
        plain = hashlib.sha256(tool.encode(errors="replace")).hexdigest()[:8]
    return f"mcp.{server}.{plain}"


def fingerprint(tool: ToolInfo) -> str:
    """Return a hash of all that a person may have seen before they approved a tool."""
    what = [tool.name, tool.title, tool.description, tool.input_schema, tool.output_schema]
    what.append(tool.annotations.model_dump())
    return hashlib.sha256(orjson.dumps(what, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def capabilities_of(server: str, listing: Listing) -> McpCapabilities:
    """Return all that a server offers, as far as it can be believed; of two tools of one name the first counts."""
    facts = listing.facts
    problems = list(listing.problems)
    tools: dict[str, ToolInfo] = {}
    for raw in listing.tools:
        if raw.name in tools:
            problems.append(f"it has two tools of the name {raw.name}: the first is taken"[:300])
            continue
        tools[raw.name] = _tool(server, raw)
    return McpCapabilities(
        id=server,
        server=f"{facts.name} {facts.version}".strip(),
        protocol_version=facts.protocol_version,
        instructions=_clean(facts.instructions) or None,
        tools=list(tools.values()),
        resources=[
            ResourceInfo(
                uri=str(raw.uri), name=raw.name, title=raw.title, description=_clean(raw.description),
                mime_type=raw.mime_type, size_bytes=raw.size,
            )
            for raw in listing.resources
        ],
        resource_templates=[
            ResourceTemplateInfo(
                uri_template=raw.uri_template, name=raw.name, title=raw.title, description=_clean(raw.description),
                mime_type=raw.mime_type,
            )
            for raw in listing.resource_templates
        ],
        prompts=[
            PromptInfo(
                name=raw.name, title=raw.title, description=_clean(raw.description),
                arguments=[
                    PromptArgument(name=one.name, description=_clean(one.description), required=bool(one.required))
                    for one in raw.arguments or []
                ],
            )
            for raw in listing.prompts
        ],
        problems=problems,
    )  # fmt: skip


def _tool(server: str, raw: Any) -> ToolInfo:
    hints = raw.annotations
    tool = ToolInfo(
        name=raw.name,
        title=raw.title or (hints.title if hints else None),
        description=_clean(raw.description),
        input_schema=raw.input_schema or {"type": "object"},
        output_schema=raw.output_schema,
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
    )
    return tool.model_copy(update={"fingerprint": fingerprint(tool)})


def _clean(text: str | None) -> str:
    """Return a text that every database can hold."""
    return (text or "")[:_MAX_TEXT].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
