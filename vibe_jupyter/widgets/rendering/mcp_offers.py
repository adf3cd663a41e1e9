"""What MCP servers offer: tools, resources, prompts; and what one tool takes."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING

from vibe_jupyter.client.commands.schema_options import SchemaOption, options_of
from vibe_jupyter.core.mcp.schemas import McpCapabilities, ToolInfo, ToolSearch
from vibe_jupyter.widgets.rendering.document import (
    NOTHING,
    Block,
    Cell,
    Code,
    Column,
    Command,
    Fold,
    Line,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import compact, counted, shorten, size
from vibe_jupyter.widgets.rendering.mcp_cards import PromptListing, ResourceListing, ToolHelp
from vibe_jupyter.widgets.rendering.platform import problem_lines
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.mcp.schemas import ToolHit

__all__ = ["RENDERERS"]

_SUMMARY = 160
_DESCRIPTION = 4000
_SHORT_URI = 80


def _capabilities(offer: McpCapabilities) -> Iterator[Block]:
    protocol = f" · MCP {offer.protocol_version}" if offer.protocol_version else ""
    told = f" · {offer.server}" if offer.server else ""
    yield Line(Text(offer.id, "strong", limit=100), f"{told} · {counted(len(offer.tools), 'tool')}{protocol}")
    if offer.instructions:
        yield Fold("what it says of itself", (Code(offer.instructions, limit=_DESCRIPTION),))
    if offer.tools:
        rows = [
            (
                Text(f"{offer.id}.{tool.name}", "code", limit=100),
                _mark(tool),
                Text(_first_line(tool.description or tool.title or ""), limit=_SUMMARY),
            )
            for tool in offer.tools
        ]
        yield Table((Column("tool"), Column(), Column("what it does", is_fluid=True)), rows, limit=500)
        yield Line(
            Text("what one takes: ", "muted"), Command("mcp call", f"{offer.id}.{offer.tools[0].name}?")
        )
    for noun, count, verb in (
        ("resource", len(offer.resources) + len(offer.resource_templates), "mcp resources"),
        ("prompt", len(offer.prompts), "mcp prompts"),
    ):
        if count:
            yield Line(Text(f"{counted(count, noun)}: ", "muted"), Command(verb, offer.id))
    yield from problem_lines(offer.problems)


def _mark(tool: ToolInfo) -> Cell:
    if not tool.allowed:
        return Text("not allowed", "bad")
    said = _read_only(tool.annotations.read_only)
    if tool.annotations.destructive and not tool.annotations.read_only:
        said = Text("destructive", "warn")
    if tool.approval == "ask":
        return (said, Text(" · asks", "warn"))
    return Text("never called", "bad") if tool.approval == "never" else said


def _read_only(is_read_only: bool | None) -> Text:
    if is_read_only is None:
        return NOTHING
    return Text("reads only", "good") if is_read_only else Text("writes", "muted")


def _search(found: ToolSearch) -> Iterator[Block]:
    if found.tools:
        columns = (Column("tool"), Column(), Column("what it does", is_fluid=True))
        more = "raise --limit to see them, or say what you look for"
        yield Table(
            columns, [_hit(hit) for hit in found.tools], total=max(found.total, len(found.tools)), more=more, limit=500
        )  # fmt: skip
    else:
        yield Line("no tool of a known server fits")
    if found.unknown:
        yield Line(
            Text(f"not asked yet: {', '.join(found.unknown)} · ask one: ", "muted", limit=400),
            Command("mcp tools", found.unknown[0]),
        )


def _hit(hit: ToolHit) -> tuple[Cell, ...]:
    return (
        Text(f"{hit.server}.{hit.name}", "code", limit=100),
        _read_only(hit.read_only),
        Text(_first_line(hit.description or hit.title or ""), limit=_SUMMARY),
    )


def _help(asked: ToolHelp) -> Iterator[Block]:
    tool = asked.tool
    name = f"{asked.server}.{tool.name}"
    yield Line(Text(name, "strong", limit=100), *([f" · {tool.title}"] if tool.title else []))
    options = options_of(tool.input_schema)
    usage = " ".join(map(_usage, options))
    yield Line(Command("mcp call", f"{name} {usage}".rstrip()))
    if tool.description:
        yield Code(inspect.cleandoc(tool.description), limit=_DESCRIPTION)
    if options:
        columns = (
            Column("option"),
            Column("takes"),
            Column("default"),
            Column("", is_fluid=True, wraps=True),
        )
        yield Table(columns, [_option_row(option) for option in options])
    else:
        yield Line("it takes no arguments")
    yield Line(Text("as it says itself: ", "muted"), Text(_hints(tool)))
    if not tool.allowed or tool.approval:
        said = "the policy does not allow it" if not tool.allowed else f"its approval: {tool.approval}"
        yield Line(Text("▲ ", "warn"), said)
    schema = json.dumps(tool.input_schema, indent=2, ensure_ascii=False)
    yield Fold("its schema", (Code(schema),))


def _usage(option: SchemaOption) -> str:
    typed = option.flag if option.is_boolean else f"{option.flag} {_takes(option, 40)}"
    return typed if option.is_required else f"[{typed}]"


def _takes(option: SchemaOption, limit: int) -> str:
    if option.choices:
        return shorten("|".join(map(str, option.choices)), limit)
    return {"text": "TEXT"}.get(option.kind, option.kind)


def _option_row(option: SchemaOption) -> tuple[Cell, ...]:
    required = Text("required", "strong")
    default = Text(compact(option.default), "code", limit=60) if option.has_default else NOTHING
    return (
        Text(option.flag, "code", limit=80),
        Text(_takes(option, 200)),
        required if option.is_required else default,
        Text(" ".join(option.description.split()), limit=600),
    )


def _hints(tool: ToolInfo) -> str:
    words = {
        "read_only": ("only reads", "changes something"),
        "destructive": ("may destroy something", "destroys nothing"),
        "idempotent": ("may be repeated", "does more when repeated"),
        "open_world": ("reaches the outside", "stays inside"),
    }
    hints = tool.annotations.model_dump()
    said = [words[name][not hint] for name, hint in hints.items() if hint is not None]
    return ", ".join(said) or "nothing about what it may change"


def _resources(listing: ResourceListing) -> Iterator[Block]:
    offer = listing.offer
    rows: list[tuple[Cell, ...]] = [
        (
            Text(one.uri, "code", limit=200),
            Text(one.title or one.name, limit=80),
            one.mime_type or NOTHING,
            size(one.size_bytes) if one.size_bytes is not None else NOTHING,
            Text(_first_line(one.description), limit=_SUMMARY),
        )
        for one in offer.resources
    ]
    rows += [
        (
            Text(one.uri_template, "code", limit=200),
            Text(one.title or one.name, limit=80),
            one.mime_type or NOTHING,
            Text("template", "muted"),
            Text(_first_line(one.description), limit=_SUMMARY),
        )
        for one in offer.resource_templates
    ]
    if not rows:
        yield Line(Text(offer.id, "strong"), " offers nothing to be read")
        return
    uris = [one.uri for one in offer.resources] + [one.uri_template for one in offer.resource_templates]
    is_long = max(map(len, uris)) > _SHORT_URI  # a short one is not broken
    columns = (
        Column("uri", is_fluid=is_long, wraps=is_long), Column("name"), Column("type"), Column("size", "right"),
        Column("", is_fluid=True),
    )  # fmt: skip
    yield Table(columns, rows)
    yield Line(Text("read one: ", "muted"), Command("mcp read", f"{offer.id} URI"))


def _prompts(listing: PromptListing) -> Iterator[Block]:
    offer = listing.offer
    if not offer.prompts:
        yield Line(Text(offer.id, "strong"), " has no prompts")
        return
    rows = [
        (
            Text(one.name, "code", limit=100),
            Text(
                ", ".join(f"{each.name}{'' if each.required else '?'}" for each in one.arguments), limit=200
            ),
            Text(_first_line(one.description or one.title or ""), limit=_SUMMARY),
        )
        for one in offer.prompts
    ]
    yield Line(Text(offer.id, "strong", limit=100), f" · {counted(len(rows), 'prompt')}")
    yield Table((Column("prompt"), Column("takes"), Column("", is_fluid=True)), rows)
    yield Line(Text("fill one in: ", "muted"), Command("mcp prompt", f"{offer.id} NAME --argument value"))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


RENDERERS: dict[type, Renderer] = {
    McpCapabilities: Renderer(_capabilities),
    ToolSearch: Renderer(_search),
    ToolHelp: Renderer(_help),
    ResourceListing: Renderer(_resources),
    PromptListing: Renderer(_prompts),
}
