"""This platform as one MCP server: each operation that the table marks is a tool.

An agent that calls them has the rights of the person it works for, but for three things: it registers no servers,
runs no code of its own choice, and answers no questions, so that it cannot approve its own calls.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.accounts.principal import OWNER_SCOPE
from vibe_jupyter.core.errors import NotFound, VibeError, nearest
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.operations import execute_tool
from vibe_jupyter.core.mcp_server.progress import telling
from vibe_jupyter.core.mcp_server.results import answer, failure, of_a_document, of_a_tool
from vibe_jupyter.core.mcp_server.tools import MARKED, declared_tools
from vibe_jupyter.core.mcp_server.waiting import WAIT, wait_for_task
from vibe_jupyter.core.operations import Document

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp.server import Server
    from mcp.server.context import ServerRequestContext
    from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.mcp_server.progress import Report
    from vibe_jupyter.core.operations import Operation
    from vibe_jupyter.core.platform import Platform

__all__ = ["INSTRUCTIONS", "agent_of", "build_server"]

_NOT_FOR_AGENTS = frozenset({OWNER_SCOPE, "mcps:write", "questions:write"})
_LISTING_STAYS_MS = 300_000

INSTRUCTIONS = """\
vibe_jupyter does tasks for a data scientist in Jupyter: it finds text in files, profiles data, looks into notebooks,
and reaches the person's other MCP servers.
- oracles_list says which types of task there are and what input each takes.
- tasks_create starts one and answers at once; tasks_wait waits for its result. A task is not lost if you go away.
- mcps_search finds tools of other servers, mcps_capabilities has their schemas, mcps_execute calls one. The person may
be asked first, so this can take minutes; an answer of no is final.
- kg_generate makes the knowledge graph of a project's code; kg_callers, kg_impact, kg_path and kg_find ask it, and
  kg_query takes SPARQL.
An error has a code, what failed, and a hint: follow the hint."""

log = get_logger("mcp_server")


def agent_of(principal: Principal) -> Principal:
    """Return who a program is that works for somebody: their rights, without those that only a person has."""
    return dataclasses.replace(principal, scopes=principal.scopes - _NOT_FOR_AGENTS, via="mcp")


def build_server(platform: Callable[[], Platform], principal_of: Callable[[Any], Principal]) -> Server[Any]:
    """Return the server; importing the SDK takes half a second.

    Args:
        platform: returns the platform that does the work.
        principal_of: returns for whom a request is, given the request as the transport has it.
    """
    from mcp.server import Server
    from mcp.server.caching import CacheHint
    from mcp_types import ListToolsResult

    from vibe_jupyter import __version__

    tools = declared_tools()

    async def list_tools(_context: Any, _params: Any) -> ListToolsResult:
        return ListToolsResult(tools=tools)

    async def call_tool(
        context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult:
        try:
            principal = agent_of(principal_of(context.request))
            report = context.session.report_progress
            return await _call(platform(), principal, params.name, params.arguments or {}, report)
        except VibeError as error:
            return failure(error)
        except Exception:
            log.exception("a tool of ours failed", tool=params.name[:100])
            return failure(
                VibeError("the platform failed", hint="its log has the cause; nothing is known to be lost")
            )

    return Server(
        "vibe_jupyter",
        version=__version__,
        title="vibe_jupyter",
        description="Say what you want done; it is routed, run durably, explained and remembered.",
        instructions=INSTRUCTIONS,
        cache_hints={"tools/list": CacheHint(ttl_ms=_LISTING_STAYS_MS)},
        get_tool_input_schema={tool.name: tool.input_schema for tool in tools}.get,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _call(
    platform: Platform, principal: Principal, name: str, arguments: dict[str, Any], report: Report
) -> CallToolResult:
    if name == WAIT:
        return await answer(await wait_for_task(platform, principal, arguments, report))
    operation = MARKED.get(name)
    if operation is None:
        near = nearest(name, [*MARKED, WAIT])
        raise NotFound(
            f"there is no tool {name[:100]}",
            code="mcp.unknown_tool",
            hint=f"did you mean {' or '.join(near)}?" if near else "tools/list has all",
        )
    principal.require(operation.scope)
    if operation is execute_tool:
        return await _execute(platform, principal, arguments, report)
    encoded = await _run(platform, principal, operation, arguments)
    if operation.kind == "document":
        return await of_a_document(Document.model_validate_json(encoded))
    return await answer(encoded)


async def _run(
    platform: Platform, principal: Principal, operation: Operation, arguments: dict[str, Any]
) -> bytes:
    call = operation.function(platform, principal, **operation.bind(arguments))
    return operation.encode(await (call if operation.inline else platform.acall(call)))


async def _execute(
    platform: Platform, principal: Principal, arguments: dict[str, Any], report: Report
) -> CallToolResult:
    """Call a tool of another server, and pass on how far it is."""
    bound = execute_tool.bind(arguments)
    async with telling(report) as tell:
        call = platform.mcp.execute(principal, bound["mcp_id"], bound["body"], progress=tell)
        result = await platform.acall(call)
    return await of_a_tool(result)
