"""`mcp call git.git_log --max_count 3`: what was typed, as the arguments that the tool's schema wants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.own import Order, OwnVerb, Place
from vibe_jupyter.client.commands.schema_options import option_named, refuse_unknown, text_property
from vibe_jupyter.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.local import Surface
    from vibe_jupyter.client.commands.parser import Parser
    from vibe_jupyter.core.mcp.schemas import ToolInfo

__all__ = ["CALL", "arguments_for", "tool_in"]

_NAMED = re.compile(r"(?!\d*\.\d)[a-z0-9][\w-]*\.\S+", re.IGNORECASE)


def tool_in(words: Sequence[str]) -> str | None:
    """Return the word that names a tool, `SERVER.TOOL`, wherever it stands."""
    return next((word for word in words if _NAMED.fullmatch(word)), None)


def arguments_for(
    server: str, tool: ToolInfo, *, fields: Mapping[str, str | list[str]], text: str = "", body: Any = None
) -> dict[str, Any]:
    """Return the arguments of a call.

    Args:
        fields: `--name value` pairs, by the property's name; the values of a repeated one.
        text: goes to the only text that the tool takes.
        body: what the cell holds: an object with arguments, or the text.

    Raises:
        InvalidInput: `command.invalid`, for what the tool does not take; that a value fits is checked later.
    """
    from vibe_jupyter.core.mcp.tools.arguments import parse_text_arguments

    schema, name = tool.input_schema, f"{server}.{tool.name}"
    takes_any = bool(
        schema.get("additionalProperties")
    )  # not said means: any; but a typing error is likelier
    for flag in fields:
        if option_named(flag, schema) is None and not takes_any:
            raise refuse_unknown(f"--{flag}", schema, name)
    if isinstance(body, str):
        if text:
            raise InvalidInput(
                "the text stands in the line or in the cell, not in both", code="command.invalid"
            )
        text, body = body, None
    given = {**(body or {}), **parse_text_arguments(schema, fields)}
    if text:
        target = text_property(schema)
        if target is None or target in given:
            why = f"{target} is given already" if target else "it takes no single text"
            raise InvalidInput(
                f"{name}: what is {text!r}? {why}",
                code="command.invalid",
                hint=f"name each value; %vibe mcp call {name}? tells the options",
            )
        given[target] = text
    return given


def _call(place: Place, order: Order) -> Any:
    from vibe_jupyter.client.commands.running import parsed_cell

    server, name = _split(order.arguments["mcp_id"])
    timeout = order.arguments.get("timeout_s")
    tool = place.client.mcp[server][name]
    arguments = arguments_for(
        server,
        tool.info,
        fields=order.fields,
        text=" ".join(order.arguments.get("words", ())),
        body=None if order.body is None else parsed_cell(order.body),
    )
    return tool.call(arguments, timeout_s=timeout)


def _schema(client: VibeClient, words: Sequence[str]) -> dict[str, Any] | None:
    named = tool_in(words)
    return client.catalogue.tool(*_split(named)).input_schema if named else None


def _help(client: VibeClient, words: Sequence[str]) -> Any:
    from vibe_jupyter.widgets.rendering import ToolHelp

    server, name = _split(words[0])
    return ToolHelp(server, client.catalogue.tool(server, name))


def _split(named: str) -> tuple[str, str]:
    """Return server and tool: the first dot is between them, further ones belong to the tool."""
    server, dot, tool = named.partition(".")
    if not server or not tool:
        raise InvalidInput(
            f"{named!r} names no tool",
            code="command.invalid",
            hint=f"it looks like SERVER.TOOL; %vibe mcp tools {server if not dot else ''}".rstrip()
            + " lists them",
        )
    return server, tool


def _arguments(parser: Parser, _surface: Surface) -> None:
    parser.add_argument("mcp_id", metavar="SERVER.TOOL", help="which tool")
    parser.add_argument("words", nargs="*", metavar="TEXT", help="the only text that it takes")


CALL = OwnVerb(
    _call,
    operation="mcps.execute",
    replaces=frozenset({"mcp_id"}),
    add_arguments=_arguments,
    schema=_schema,
    help=_help,
    takes_body=True,
    more_help="Each property of what the tool takes is an option, --NAME VALUE, of the type that its schema says.\n"
    "What one takes:\n\n  PROG SERVER.TOOL?",
)
