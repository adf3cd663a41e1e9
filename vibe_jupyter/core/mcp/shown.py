"""What the API shows of a server: how it is registered, secrets masked, and how it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.mcp.registry.masking import shown
from vibe_jupyter.core.mcp.schemas import Latency, McpHealth, McpServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.mcp.offers import KnownServer
    from vibe_jupyter.core.mcp.registry.records import ServerRecord
    from vibe_jupyter.core.mcp.schemas import ToolInfo
    from vibe_jupyter.core.mcp.spec import SessionHealth

__all__ = ["described", "health_of", "names_unknown", "shown_server"]


def described(record: ServerRecord) -> McpServer:
    """Return how a server is registered."""
    stored, config = record.stored, record.config
    transport: Any = stored.transport
    return McpServer(
        id=record.slug,
        name=stored.name,
        transport=transport,
        command=record.command,
        env={name: shown(value) for name, value in config.env.items()},
        cwd=config.cwd,
        url=shown(config.url) if config.url else None,
        headers={name: shown(value) for name, value in config.headers.items()},
        enabled=record.enabled,
        project_id=stored.project_id,
        source=stored.source,
        timeout_s=config.timeout_s,
        start_timeout_s=config.start_timeout_s,
        concurrency=config.concurrency,
        aliases=config.aliases,
        policy=record.policy,
        state="stopped" if record.enabled else "disabled",
        tools=None,
        created_at=datetime.fromisoformat(stored.created_at),
        updated_at=datetime.fromisoformat(stored.updated_at),
    )


def shown_server(server: KnownServer, health: SessionHealth) -> McpServer:
    """Return how a server is registered, and how it is now."""
    found = described(server.record)
    tools = len(server.listing.tools) if server.listing is not None else None
    if not server.record.enabled:
        return found.model_copy(update={"tools": tools})
    problem = health.last_error if health.state in ("failed", "needs_auth") else None
    return found.model_copy(update={"state": health.state, "tools": tools, "problem": problem})


def names_unknown(record: ServerRecord, tools: Sequence[ToolInfo]) -> list[str]:
    """Return what a server's policy and aliases say of tools that it does not have, e.g. for a typing error."""
    names = [tool.name for tool in tools]
    said = [("policy", name) for name in record.policy.tools]
    said += [(f"alias {alias}", name) for alias, name in record.config.aliases.items()]
    return [
        f"its {place} names {name}, and it has no such tool"
        + (f": did you mean {near[0]}?" if (near := nearest(name, names)) else "")
        for place, name in said
        if name not in names
    ]


def health_of(record: ServerRecord, health: SessionHealth) -> McpHealth:
    """Return how a server is."""
    opens = health.breaker_open_until
    return McpHealth(
        id=record.slug,
        state=health.state if record.enabled else "disabled",
        restarts=health.restarts,
        last_error=health.last_error,
        latency_ms=Latency(p50=health.p50_ms, p95=health.p95_ms),
        calls=health.calls,
        in_flight=health.in_flight,
        last_success_at=_moment(health.last_success_at),
        breaker="open" if opens else "closed",
        breaker_open_until=_moment(opens),
        pid=health.pid,
        protocol_version=health.facts.protocol_version if health.facts else None,
        stderr=list(health.stderr[-20:]),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
