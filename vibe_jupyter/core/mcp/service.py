"""MCP servers, as people and programs use them: registered, listed, called, watched."""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.asked import check_prompt, unknown_resource
from vibe_jupyter.core.mcp.calls import ToolRequest
from vibe_jupyter.core.mcp.consent import Consent
from vibe_jupyter.core.mcp.errors import BadArguments, RemoteError, ServerDisabled, UnknownTool
from vibe_jupyter.core.mcp.hub import McpHub
from vibe_jupyter.core.mcp.offers import OffersCache
from vibe_jupyter.core.mcp.permission import Permission
from vibe_jupyter.core.mcp.registry.sources import find_configs
from vibe_jupyter.core.mcp.schemas import (
    ImportResult,
    McpList,
    McpLogs,
    PromptResult,
    ResourceResult,
    ToolSearch,
)
from vibe_jupyter.core.mcp.shown import described, health_of, names_unknown, shown_server
from vibe_jupyter.core.mcp.spec import Call
from vibe_jupyter.core.mcp.tools.arguments import check_output
from vibe_jupyter.core.mcp.tools.policy import approval_for, is_allowed, may_repeat
from vibe_jupyter.core.mcp.tools.results import contents_of, messages_of, off_loop_if_large, tool_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.mcp.offers import KnownServer
    from vibe_jupyter.core.mcp.registry.registration import Registration
    from vibe_jupyter.core.mcp.registry.store import McpStore, StoredServer
    from vibe_jupyter.core.mcp.schemas import (
        McpAdd,
        McpCapabilities,
        McpHealth,
        McpImport,
        McpServer,
        McpUpdate,
        PromptRequest,
        ToolCall,
        ToolInfo,
        ToolResult,
        ToolSearchQuery,
    )
    from vibe_jupyter.core.mcp.spec import SessionHealth
    from vibe_jupyter.core.payloads.files import PayloadStore
    from vibe_jupyter.core.questions.service import QuestionService

__all__ = ["McpService"]

log = get_logger("mcp")


class McpService:
    """All of it for one process. Its methods belong to the platform's own loop, where the sessions live.

    Args:
        root: where a project's configuration files are looked for.
        question_timeout_s: how long a person is waited for.
    """

    def __init__(
        self,
        store: McpStore,
        registration: Registration,
        questions: QuestionService,
        payloads: PayloadStore,
        *,
        root: Path,
        question_timeout_s: float,
    ) -> None:
        self._store = store
        self._registration = registration
        self._payloads = payloads
        self._root = root
        self._consent = Consent(store, questions, question_timeout_s)
        self.offers = OffersCache(store)
        self.hub = McpHub(store, registration, self.offers, self._consent)
        self._permission = Permission(self.hub, self._consent, self._find)

    async def list_servers(self, principal: Principal) -> McpList:
        """Return a user's servers, and files that could be imported."""
        offers = await self.offers.of(principal.user_id)
        return McpList(
            servers=[shown_server(server, self._health_of(server)) for server in offers.servers.values()],
            found=self._found(server.record.stored for server in offers.servers.values()),
        )

    async def counts(self, principal: Principal) -> tuple[int, list[str]]:
        """Return how many servers a user has, and the files that could be imported; on any event loop."""
        stored = await self._store.servers(principal.user_id)
        return len(stored), self._found(stored)

    async def add(self, principal: Principal, body: McpAdd) -> McpServer:
        """Register a server."""
        record = await self._registration.add(principal, body)
        log.info("server was registered", server=record.slug, runs=record.command, user_id=principal.user_id)
        return await self.get(principal, record.slug)

    async def get(self, principal: Principal, server: str) -> McpServer:
        """Return how a server is registered."""
        known = (await self.offers.of(principal.user_id)).server(server)
        return shown_server(known, self._health_of(known))

    async def update(self, principal: Principal, server: str, body: McpUpdate) -> McpServer:
        """Change a server; one that was switched off is ended."""
        record = await self._registration.update(principal, server, body)
        if not record.enabled:
            await self.hub.close(record)
        known = (await self.offers.of(principal.user_id)).server(server)
        await self._consent.pin(known, known.tools.values())
        return await self.get(principal, server)

    async def remove(self, principal: Principal, server: str) -> McpServer:
        """Forget a server and end it."""
        gone = await self.get(principal, server)
        await self.hub.close(await self._registration.remove(principal, server))
        return gone

    async def import_config(self, principal: Principal, body: McpImport) -> ImportResult:
        """Register the servers of a configuration file."""
        imported = await self._registration.import_config(principal, body)
        return ImportResult(
            added=[described(record) for record in imported.added],
            skipped=imported.skipped,
            problems=imported.problems,
        )

    async def capabilities(
        self, principal: Principal, server: str, *, refresh: bool = False
    ) -> McpCapabilities:
        """Return all that a server offers, with what the policy says of it."""
        known = await self._enabled(principal.user_id, server)
        found = await self.hub.capabilities(known, refresh=refresh)
        policy = known.record.policy
        tools = [
            tool.model_copy(
                update={
                    "allowed": is_allowed(policy, tool.name),
                    "approval": approval_for(policy, tool, known.approvals.get(tool.name)),
                }
            )
            for tool in found.tools
        ]
        problems = [*found.problems, *names_unknown(known.record, found.tools)]
        listed_at = found.listed_at or datetime.now(UTC)
        return found.model_copy(update={"tools": tools, "problems": problems, "listed_at": listed_at})

    async def search(self, principal: Principal, query: ToolSearchQuery) -> ToolSearch:
        """Find tools by what they do, among those that are known."""
        offers = await self.offers.of(principal.user_id)
        tools, total = offers.index.search(query.q, query.limit)
        unknown = [
            slug
            for slug, server in offers.servers.items()
            if server.record.enabled and server.listing is None
        ]
        return ToolSearch(tools=tools, total=total, unknown=unknown)

    async def execute(
        self,
        principal: Principal,
        server: str,
        body: ToolCall,
        progress: Callable[[float | None, str], None] | None = None,
    ) -> ToolResult:
        """Call a tool directly; `progress` is as in `calls.ToolCaller`."""
        return await self.call(
            ToolRequest(
                user_id=principal.user_id,
                server=server,
                tool=body.tool,
                arguments=body.arguments,
                timeout_s=body.timeout_s,
                call_id=body.call_id,
                caller="agent" if principal.via == "mcp" else "owner",
            ),
            progress,
        )

    async def call(
        self, request: ToolRequest, progress: Callable[[float | None, str], None] | None = None
    ) -> ToolResult:
        """See `calls.ToolCaller`."""
        permitted = await self._permission.permit(request, progress)
        server, tool = permitted.server, permitted.tool
        spec = await self.hub.spec(server)
        veil = self.hub.veil(server)
        call = Call(
            tool.name,
            permitted.arguments,
            timeout_s=request.timeout_s,
            may_repeat=may_repeat(server.record.policy, tool),
            progress=progress and (lambda fraction, message: progress(fraction, veil.text(message))),
            elicit=functools.partial(self._consent.elicited, request, veil, progress=progress),
        )
        began = time.perf_counter()
        with veil.over():
            raw = await self.hub.pool.call(spec, call)
        duration_ms = (time.perf_counter() - began) * 1000

        def convert() -> ToolResult:
            if not raw.is_error and raw.structured_content is not None:
                with veil.over():
                    check_output(request.server, tool, raw.structured_content)
            shown = tool_result(
                raw,
                server=request.server,
                tool=tool.name,
                duration_ms=duration_ms,
                keep=functools.partial(self._payloads.keep, request.user_id),
            )
            return veil.failure(shown)

        result = await off_loop_if_large(raw, convert)
        log.info(
            "tool was called", server=request.server, tool=tool.name, ms=duration_ms, user_id=request.user_id
        )
        return result

    async def restart(self, principal: Principal, server: str) -> McpHealth:
        """Start a server anew."""
        known = await self._enabled(principal.user_id, server)
        await self.hub.restart(known)
        return health_of(known.record, self._health_of(known))

    async def health(self, principal: Principal) -> list[McpHealth]:
        """Return how all servers are; none is asked."""
        offers = await self.offers.of(principal.user_id)
        return [health_of(server.record, self._health_of(server)) for server in offers.servers.values()]

    async def logs(self, principal: Principal, server: str) -> McpLogs:
        """Return what a server's process has said last."""
        known = (await self.offers.of(principal.user_id)).server(server)
        health = self._health_of(known)
        return McpLogs(id=server, stderr=list(health.stderr), noise_lines=health.noise_lines)

    async def read_resource(self, principal: Principal, server: str, uri: str) -> ResourceResult:
        """Read a resource."""
        known = await self._enabled(principal.user_id, server)
        spec = await self.hub.spec(known)
        try:
            with self.hub.veil(known).over():
                raw = await self.hub.pool.read_resource(spec, uri)
        except (UnknownTool, BadArguments, RemoteError) as error:
            raise unknown_resource(known, uri, error) from error
        keep = functools.partial(self._payloads.keep, principal.user_id)
        content = await off_loop_if_large(raw, lambda: contents_of(raw, keep))
        return ResourceResult(id=server, uri=uri, content=content)

    async def get_prompt(self, principal: Principal, server: str, body: PromptRequest) -> PromptResult:
        """Fill in a prompt."""
        known = await self._enabled(principal.user_id, server)
        found = await self.hub.capabilities(known)
        names = [prompt.name for prompt in found.prompts]
        if body.prompt not in names:
            raise _unknown("prompt", server, body.prompt, names)
        check_prompt(server, next(one for one in found.prompts if one.name == body.prompt), body.arguments)
        spec = await self.hub.spec(known)
        with self.hub.veil(known).over():
            raw = await self.hub.pool.get_prompt(spec, body.prompt, body.arguments)
        keep = functools.partial(self._payloads.keep, principal.user_id)
        messages = await off_loop_if_large(raw, lambda: messages_of(raw, keep))
        return PromptResult(
            id=server, prompt=body.prompt, description=raw.description or "", messages=messages
        )

    async def aclose(self) -> None:
        """End all sessions."""
        await self.hub.aclose()

    def _found(self, servers: Iterable[StoredServer]) -> list[str]:
        imported = {server.source for server in servers}
        return [str(path) for path in find_configs(self._root) if str(path) not in imported]

    def _health_of(self, server: KnownServer) -> SessionHealth:
        return self.hub.health(server)

    async def _enabled(self, user_id: str, server: str) -> KnownServer:
        known = (await self.offers.of(user_id)).server(server)
        if not known.record.enabled:
            raise ServerDisabled(f"{server} is disabled", hint=f"%vibe mcp set {server} --enabled")
        return known

    async def _find(self, request: ToolRequest) -> tuple[KnownServer, ToolInfo]:
        server = await self._enabled(request.user_id, request.server)
        return server, await self._tool(server, request.tool)

    async def _tool(self, server: KnownServer, name: str) -> ToolInfo:
        tool = server.tools.get(name)
        if tool is None:
            found = await self.hub.capabilities(server)
            tools = {one.name: one for one in found.tools}
            tool = tools.get(name)
            if tool is None:
                raise _unknown("tool", server.record.slug, name, tools)
        return tool


def _unknown(kind: str, server: str, name: str, known: Any) -> UnknownTool:
    near = nearest(name, known)
    hint = f"did you mean {' or '.join(near)}?" if near else f"%vibe mcp {kind}s {server} lists them"
    return UnknownTool(
        f"{server} has no {kind} {name}"[:500], hint=hint, data={"nearest": near, "maybe_executed": False}
    )
