"""This platform as one MCP server: each operation that the table marks is a tool.

An agent that calls them has the rights of the person it works for, but for three things: it registers no servers,
runs no code of its own choice, and answers no questions, so that it cannot approve its own calls.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from vibe_jupyter.core.accounts.principal import OWNER_SCOPE
from vibe_jupyter.core.errors import NotFound, VibeError, nearest
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp_server.waiting import WAIT, wait_for_task
from vibe_jupyter.core.table import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server import Server
    from mcp_types import CallToolResult, Tool

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.operations import Operation
    from vibe_jupyter.core.platform import Platform

__all__ = ["INSTRUCTIONS", "agent_of", "build_server", "tool_name"]

_NOT_FOR_AGENTS = frozenset({OWNER_SCOPE, "mcps:write", "questions:write"})
_MAX_RESULT_BYTES = 1024 * 1024

INSTRUCTIONS = """\
vibe_jupyter does tasks for a data scientist in Jupyter: it finds text in files, profiles data, looks into notebooks,
and reaches the person's other MCP servers. `oracles_list` says which types of task there are and what input they take.
`tasks_create` starts one and answers at once; `tasks_wait` waits for its result. `mcps_search` finds tools of other
servers, `mcps_execute` calls one; the person may be asked first."""

log = get_logger("mcp_server")


def agent_of(principal: Principal) -> Principal:
    """Return who a program is that works for somebody: their rights, without those that only a person has."""
    return dataclasses.replace(principal, scopes=principal.scopes - _NOT_FOR_AGENTS, via="mcp")


def tool_name(operation: Operation) -> str:
    """Return what an operation is called as a tool: `tasks.create` -> `tasks_create`."""
    return operation.name.replace(".", "_")


def build_server(platform: Callable[[], Platform], principal_of: Callable[[Any], Principal]) -> Server[Any]:
    """Return the server; importing the SDK takes half a second.

    Args:
        platform: returns the platform that does the work.
        principal_of: returns for whom a request is, given the request as the transport has it.
    """
    from mcp.server import Server
    from mcp_types import CallToolResult, ListToolsResult, TextContent

    from vibe_jupyter import __version__

    marked = {tool_name(operation): operation for operation in OPERATIONS if operation.mcp}
    tools = [*(_tool(name, operation) for name, operation in marked.items()), _waiting_tool()]

    async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def call_tool(context: Any, params: Any) -> CallToolResult:
        arguments = params.arguments or {}
        try:
            principal = agent_of(principal_of(context.request))
            if params.name == WAIT:
                content = await wait_for_task(
                    platform(), principal, arguments, context.session.report_progress
                )
            elif (operation := marked.get(params.name)) is not None:
                content = await _run(platform(), principal, operation, arguments)
            else:
                near = nearest(params.name, [*marked, WAIT])
                raise NotFound(
                    f"there is no tool {params.name}"[:300],
                    code="mcp.unknown_tool",
                    hint=f"did you mean {' or '.join(near)}?" if near else "tools/list has all",
                )
        except VibeError as error:
            text = TypeAdapter(dict[str, Any]).dump_json(error.problem()).decode()
            return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
        return _result(content)

    return Server(
        "vibe_jupyter",
        version=__version__,
        title="vibe_jupyter",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _run(
    platform: Platform, principal: Principal, operation: Operation, arguments: dict[str, Any]
) -> bytes:
    principal.require(operation.scope)
    call = operation.function(platform, principal, **operation.bind(arguments))
    return operation.encode(await platform.acall(call))


def _result(content: bytes) -> CallToolResult:
    """Return JSON as text, and as structured content where it is an object; a very large one as its beginning."""
    import orjson
    from mcp_types import CallToolResult, TextContent

    if len(content) > _MAX_RESULT_BYTES:
        text = content[:_MAX_RESULT_BYTES].decode(errors="ignore")
        text += f"\n[cut: {len(content):,} bytes in all; ask for less, e.g. with a smaller limit]"
        return CallToolResult(content=[TextContent(type="text", text=text)])
    value = orjson.loads(content)
    return CallToolResult(
        content=[TextContent(type="text", text=content.decode())],
        structured_content=value if isinstance(value, dict) else {"result": value},
    )


def _tool(name: str, operation: Operation) -> Tool:
    from mcp_types import Tool, ToolAnnotations

    reads = operation.method == "GET"
    return Tool(
        name=name,
        title=operation.summary.rstrip("."),
        description=operation.description,
        input_schema=_schema(operation.arguments),
        annotations=ToolAnnotations(
            read_only_hint=reads,
            destructive_hint=False if reads or name == "tasks_create" else None,
            idempotent_hint=reads,
            open_world_hint=name == "mcps_execute",
        ),
    )


def _waiting_tool() -> Tool:
    from mcp_types import Tool, ToolAnnotations

    from vibe_jupyter.core.mcp_server.waiting import WaitArguments

    return Tool(
        name=WAIT,
        title="Wait for a task",
        description=wait_for_task.__doc__,
        input_schema=_schema(WaitArguments),
        annotations=ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False),
    )


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    schema.pop("title", None)
    return {"type": "object", **schema}
