"""The public operations of MCP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.schemas import (
    CapabilitiesQuery,
    ImportResult,
    McpAdd,
    McpCapabilities,
    McpHealth,
    McpImport,
    McpList,
    McpLogs,
    McpServer,
    McpUpdate,
    PromptRequest,
    PromptResult,
    ResourceQuery,
    ResourceResult,
    ToolCall,
    ToolResult,
    ToolSearch,
    ToolSearchQuery,
)
from vibe_jupyter.core.operations import operation

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation("mcps.list", "GET /mcps/list", verb="mcp list", scope="mcps:read", mcp=True)
async def list_servers(platform: Platform, principal: Principal) -> McpList:
    """List your MCP servers, and the configuration files of other programs that could be imported."""
    return await platform.mcp.list_servers(principal)


@operation(
    "mcps.add",
    "POST /mcps",
    verb="mcp add",
    positional="name",
    scope="mcps:write",
    status=201,
    hidden=("policy",),
)
async def add_server(platform: Platform, principal: Principal, body: McpAdd) -> McpServer:
    """Register an MCP server: a command that is started here (stdio), or the URL of one that runs (http, sse).

    A command runs as you, with your rights: so it takes the scope `owner`. Nothing is started yet.
    """
    return await platform.mcp.add(principal, body)


@operation(
    "mcps.import_config",
    "POST /mcps/import",
    verb="mcp import",
    positional="path",
    scope="mcps:write",
    hidden=("config",),
)
async def import_servers(platform: Platform, principal: Principal, body: McpImport) -> ImportResult:
    """Register the servers of a configuration file that you have for Claude, Cursor, VS Code or jupyter-ai."""
    return await platform.mcp.import_config(principal, body)


@operation("mcps.health", "GET /mcps/health", verb="mcp health", scope="mcps:read")
async def servers_health(platform: Platform, principal: Principal) -> list[McpHealth]:
    """Show how the servers are: state, latency, restarts, circuit breaker, last error. Asks none of them."""
    return await platform.mcp.health(principal)


@operation("mcps.search", "GET /mcps/search", verb="mcp search", positional="q", scope="mcps:read", mcp=True)
async def search_tools(platform: Platform, principal: Principal, query: ToolSearchQuery) -> ToolSearch:
    """Find tools of all enabled servers by what they do."""
    return await platform.mcp.search(principal, query)


@operation("mcps.get", "GET /mcps/{mcp_id}", verb="mcp show", positional="mcp_id", scope="mcps:read")
async def get_server(platform: Platform, principal: Principal, mcp_id: str) -> McpServer:
    """Show how a server is registered: exactly what runs, secrets masked."""
    return await platform.mcp.get(principal, mcp_id)


@operation(
    "mcps.update",
    "PATCH /mcps/{mcp_id}",
    verb="mcp set",
    positional="mcp_id",
    scope="mcps:write",
)
async def update_server(platform: Platform, principal: Principal, mcp_id: str, body: McpUpdate) -> McpServer:
    """Change a server: enable or disable it, its command or URL, its limits, its policy."""
    return await platform.mcp.update(principal, mcp_id, body)


@operation("mcps.remove", "DELETE /mcps/{mcp_id}", verb="mcp remove", positional="mcp_id", scope="mcps:write")
async def remove_server(platform: Platform, principal: Principal, mcp_id: str) -> McpServer:
    """Forget a server, and end its process; answers with what was forgotten."""
    return await platform.mcp.remove(principal, mcp_id)


@operation(
    "mcps.capabilities",
    "GET /mcps/{mcp_id}/capabilities",
    verb="mcp tools",
    positional="mcp_id",
    scope="mcps:read",
    waits=True,
    mcp=True,
)
async def server_capabilities(
    platform: Platform, principal: Principal, mcp_id: str, query: CapabilitiesQuery
) -> McpCapabilities:
    """List what a server offers: tools with their schemas, resources, templates, prompts.

    From memory, if it was asked before and is still the same; else it is started and asked.
    """
    return await platform.mcp.capabilities(principal, mcp_id, refresh=query.refresh)


@operation(
    "mcps.execute",
    "POST /mcps/{mcp_id}/execute",
    verb="mcp call",
    positional="mcp_id",
    scope="mcps:call",
    waits=True,
    mcp=True,
    hidden=("tool", "arguments", "call_id"),
)
async def execute_tool(platform: Platform, principal: Principal, mcp_id: str, body: ToolCall) -> ToolResult:
    """Call a tool, and wait for what it answers.

    The arguments are checked against its schema first. A tool that fails says so in `is_error`; what keeps it from
    being run at all is an error of the request.
    """
    return await platform.mcp.execute(principal, mcp_id, body)


@operation(
    "mcps.restart",
    "POST /mcps/{mcp_id}/restart",
    verb="mcp restart",
    positional="mcp_id",
    scope="mcps:call",
    waits=True,
)
async def restart_server(platform: Platform, principal: Principal, mcp_id: str) -> McpHealth:
    """Start a server anew, and ask it again what it offers; calls that wait for it fail."""
    return await platform.mcp.restart(principal, mcp_id)


@operation("mcps.logs", "GET /mcps/{mcp_id}/logs", verb="mcp logs", positional="mcp_id", scope="mcps:read")
async def server_logs(platform: Platform, principal: Principal, mcp_id: str) -> McpLogs:
    """Show the last lines that a server has written to its standard error."""
    return await platform.mcp.logs(principal, mcp_id)


@operation(
    "mcps.read_resource",
    "GET /mcps/{mcp_id}/resource",
    verb="mcp read",
    positional="mcp_id uri",
    scope="mcps:call",
    waits=True,
)
async def read_resource(
    platform: Platform, principal: Principal, mcp_id: str, query: ResourceQuery
) -> ResourceResult:
    """Read a resource of a server."""
    return await platform.mcp.read_resource(principal, mcp_id, query.uri)


@operation(
    "mcps.get_prompt",
    "POST /mcps/{mcp_id}/prompt",
    verb="mcp prompt",
    positional="mcp_id prompt",
    scope="mcps:call",
    waits=True,
    hidden=("arguments",),
)
async def get_prompt(
    platform: Platform, principal: Principal, mcp_id: str, body: PromptRequest
) -> PromptResult:
    """Fill in a prompt of a server."""
    return await platform.mcp.get_prompt(principal, mcp_id, body)


OPERATIONS = (
    list_servers,
    add_server,
    import_servers,
    servers_health,
    search_tools,
    get_server,
    update_server,
    remove_server,
    server_capabilities,
    execute_tool,
    restart_server,
    server_logs,
    read_resource,
    get_prompt,
)
