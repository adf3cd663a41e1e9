"""MCP servers: which there are, exactly what runs, how they are, what they have said."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.schemas import ImportResult, McpHealth, McpList, McpLogs, McpServer
from vibe_jupyter.widgets.rendering.document import (
    NOTHING,
    Block,
    Cell,
    Code,
    Column,
    Command,
    Heading,
    Inline,
    Line,
    Style,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.formats import ago, counted, duration, moment, number, value
from vibe_jupyter.widgets.rendering.generic import facts
from vibe_jupyter.widgets.rendering.mcp_cards import ForgottenServer, ImportPreview
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vibe_jupyter.core.mcp.schemas import Approval, McpPolicy

__all__ = ["RENDERERS", "what_runs"]

_STATES: dict[str, tuple[str, Style]] = {
    "disabled": ("○ disabled", "muted"),
    "stopped": ("○ stopped", "muted"),
    "starting": ("▸ starting", "plain"),
    "ready": ("✓ ready", "good"),
    "backoff": ("▲ waits before it starts again", "warn"),
    "failed": ("✗ failed", "bad"),
    "needs_auth": ("▲ wants a credential", "warn"),
}
_WHOLE = 4000
_SHOWN_STDERR = 5


def what_runs(server: McpServer) -> str:
    """Return the command line of a server as a shell would take it, or its URL."""
    return shlex.join(server.command) if server.command else server.url or ""


def _list(listing: McpList) -> Iterator[Block]:
    if listing.servers:
        columns = (
            Column("server"), Column("by"), Column("what runs", is_fluid=True), Column("state"),
            Column("tools", "right"),
        )  # fmt: skip
        yield Table(columns, [row for server in listing.servers for row in _rows(server)])
        example = listing.servers[0].id
        yield Line(Text("see what one can do: ", "muted"), Command("mcp tools", example))
    else:
        yield Line("no MCP server is registered. Add one: ", Command("mcp add", "NAME -- COMMAND ARGS"))
    if listing.found:
        yield Line(
            Text(f"{counted(len(listing.found), 'file')} of other programs could be imported: ", "muted"),
            Command("mcp import"),
        )
        for path in listing.found[:10]:
            yield Line("  ", Text(path, "code", limit=300))


def _rows(server: McpServer) -> Iterator[tuple[Cell, ...]]:
    yield (
        Text(server.id, "strong", limit=60),
        server.transport,
        Text(what_runs(server), "code", limit=160),
        Text(*_STATES[server.state]),
        NOTHING if server.tools is None else number(server.tools),
    )
    if server.problem:
        yield (None, None, Text(server.problem, "bad", limit=300), None, None)


def _server(server: McpServer) -> Iterator[Block]:
    named: list[Inline] = [] if server.name == server.id else [f" ({server.name})"]
    said = "" if server.tools is None else f" · {counted(server.tools, 'tool')}"
    yield Line(
        Text(server.id, "strong", limit=100),
        *named,
        f" · {server.transport} · ",
        Text(*_STATES[server.state]),
        said,
    )
    yield Code(what_runs(server), limit=_WHOLE)
    if server.problem:
        yield Line(Text("▲ ", "warn"), Text(server.problem, limit=600))
    yield facts(list(_facts(server)))
    yield Line(Text("see what it can do: ", "muted"), Command("mcp tools", server.id))


def _forgotten(gone: ForgottenServer) -> Iterator[Block]:
    server = gone.server
    yield Line(Text(server.id, "strong", limit=100), " is forgotten; it was")
    yield Code(what_runs(server), limit=_WHOLE)


def _facts(server: McpServer) -> Iterator[tuple[str, Cell]]:
    for name, pairs in (("env", server.env), ("header", server.headers)):
        for key, text in pairs.items():
            yield name, Text(f"{key}={text}", "code", limit=400)
    if server.cwd:
        yield "folder", Text(server.cwd, "code", limit=400)
    if server.source:
        yield "imported from", Text(server.source, "code", limit=400)
    if server.project_id:
        yield "project", server.project_id
    times = f"{duration(server.timeout_s)} a call, {duration(server.start_timeout_s)} to start"
    yield "limits", f"{times}, {counted(server.concurrency, 'call')} at once"
    for name, text in _policy(server.policy):
        yield name, Text(text, limit=600)
    if server.aliases:
        said = ", ".join(f"{capability} is {tool}" for capability, tool in server.aliases.items())
        yield "aliases", Text(said, limit=600)


def _policy(policy: McpPolicy) -> Iterator[tuple[str, str]]:
    if policy.allow:
        yield "allow", ", ".join(policy.allow)
    if policy.deny:
        yield "deny", ", ".join(policy.deny)
    yield (
        "approval",
        "default: agents ask, you need not" if policy.approval is None else _approval(policy.approval),
    )
    for tool, approval in policy.tools.items():
        yield f"tool {tool}", _approval(approval)
    if policy.trusted:
        yield "trusted", "what it says of its tools is believed"


def _approval(approval: Approval) -> str:
    """Return an approval as it is typed, and what that means."""
    meaning = {"ask": "every call asks first", "always": "called unasked", "never": "not called"}[approval]
    return f"{approval}: {meaning}"


def _healths(healths: Sequence[McpHealth]) -> Iterator[Block]:
    if not healths:
        yield Line("no MCP server is registered")
        return
    columns = (
        Column("server"), Column("state"), Column("p50", "right"), Column("p95", "right"), Column("calls", "right"),
        Column("now", "right"), Column("restarts", "right"), Column("last success"),
        Column("last error", is_fluid=True),
    )  # fmt: skip
    yield Table(columns, [_health_row(health) for health in healths])


def _health_row(health: McpHealth) -> tuple[Cell, ...]:
    sign, style = _STATES[health.state]
    state: Cell = Text(sign, style)
    if health.breaker == "open":
        until = f" until {moment(health.breaker_open_until)}" if health.breaker_open_until else ""
        state = (Text(sign, style), Text(f" · rests{until}", "warn"))
    return (
        Text(health.id, "strong", limit=60),
        state,
        _milliseconds(health.latency_ms.p50),
        _milliseconds(health.latency_ms.p95),
        number(health.calls),
        number(health.in_flight),
        number(health.restarts),
        Text(ago(health.last_success_at), title=moment(health.last_success_at))
        if health.last_success_at
        else NOTHING,
        Text(health.last_error, limit=200) if health.last_error else NOTHING,
    )


def _health(health: McpHealth) -> Iterator[Block]:
    yield from _healths([health])
    if health.stderr:
        yield Line(Text("it said last:", "muted"))
        yield Code("\n".join(health.stderr[-_SHOWN_STDERR:]), limit=_WHOLE)


def _milliseconds(quantity: float | None) -> Cell:
    return NOTHING if quantity is None else f"{quantity:.3g} ms"


def _logs(logs: McpLogs) -> Iterator[Block]:
    if logs.stderr:
        yield Code("\n".join(logs.stderr))
    else:
        yield Line(
            Text(logs.id, "strong"), " has written nothing to its standard error since it was started here"
        )
    if logs.noise_lines:
        said = f"{counted(logs.noise_lines, 'line')} of its standard output were no messages"
        yield Line(Text(said, "muted"))


def _imported(result: ImportResult) -> Iterator[Block]:
    yield from _import_blocks(result, "added")


def _preview(preview: ImportPreview) -> Iterator[Block]:
    if not preview.files:
        yield Line("no configuration of another program was found; name one: ", Command("mcp import", "PATH"))
        return
    for index, (path, result) in enumerate(preview.files.items(), 1):
        yield Heading(f"{index}. {path}")
        if isinstance(result, str):
            yield Line(Text("▲ ", "warn"), Text(result, limit=600))
        else:
            yield from _import_blocks(result, "would be added")
    yield Line(
        Text("nothing was imported yet: ", "muted"),
        Command("mcp import", next(iter(preview.files)) if len(preview.files) == 1 else "PATH"),
        Text(" takes all of a file, ", "muted"),
        Text("--only a,b", "code"),
        Text(" some", "muted"),
    )


def _import_blocks(result: ImportResult, done: str) -> Iterator[Block]:
    if result.added:
        columns = (Column("server"), Column("by"), Column("what runs", is_fluid=True, wraps=True))
        yield Table(columns, [row for server in result.added for row in _import_rows(server)])
        yield Line(Text(f"{counted(len(result.added), 'server')} {done}", "muted"))
    if result.skipped:
        yield Line(Text(f"registered before: {', '.join(result.skipped)}", "muted", limit=600))
    for problem in result.problems[:20]:
        hint: list[Inline] = [Text(f"; {problem.hint}", "muted", limit=300)] if problem.hint else []
        yield Line(
            Text("▲ ", "warn"), Text(problem.name, "strong"), ": ", Text(problem.message, limit=600), *hint
        )
    if not (result.added or result.skipped or result.problems):
        yield Line("no server is configured there")


def _import_rows(server: McpServer) -> Iterator[tuple[Cell, ...]]:
    yield (
        Text(server.name, "strong", limit=60),
        server.transport,
        Text(what_runs(server), "code", limit=_WHOLE),
    )
    given = [f"{name}={text}" for pairs in (server.env, server.headers) for name, text in pairs.items()]
    if given:
        yield (None, None, (Text("with ", "muted"), Text(value("  ".join(given)), "code", limit=1000)))


RENDERERS: dict[type, Renderer] = {
    McpList: Renderer(_list),
    McpServer: Renderer(_server),
    McpHealth: Renderer(_health, many=_healths),
    McpLogs: Renderer(_logs),
    ImportResult: Renderer(_imported),
    ImportPreview: Renderer(_preview),
    ForgottenServer: Renderer(_forgotten),
}
