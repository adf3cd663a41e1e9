"""What a session needs to know of a server: all variables resolved, and so never stored, logged or shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

__all__ = [
    "MAX_PIECES",
    "Call",
    "Elicitation",
    "ElicitationAnswer",
    "Era",
    "Limits",
    "ServerSpec",
    "SessionFacts",
    "SessionHealth",
    "SessionState",
    "TransportKind",
]

TransportKind = Literal["stdio", "http", "sse"]
MAX_PIECES = 500
"""Pieces of content that one result shows; all further ones are kept in a file."""
Era = Literal["legacy", "modern"]
"""The protocol of 2025-11-25 and before, with a session; or that of 2026-07-28, without."""


@dataclass(frozen=True)
class Limits:
    """Limits of one server. Times are seconds, sizes bytes."""

    call_timeout_s: float = 60.0
    start_timeout_s: float = 30.0
    max_result_bytes: int = 64 * 2**20
    concurrency: int = 64
    idle_s: float = 300.0
    """After so long without a call the session is closed; the next call opens a new one."""


@dataclass(frozen=True)
class ServerSpec:
    """How to reach one server, for one user.

    Args:
        key: names the session in its pool: `<server id>` or, where the server must not be shared,
            `<server id>:<user id>`.
        name: the server's slug, for messages.
        command: the program and its arguments; empty unless the transport is stdio.
        env: what the process gets beside the few harmless variables that every process gets.
        url: of an HTTP server.
        allow_private: whether its host may be this machine, or one of its network.
        era: what the server is known to speak; None to find out.
        secrets: what of all this may not be told: a server can say it itself, so it is taken out of its words.
    """

    key: str
    name: str
    transport: TransportKind
    command: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_private: bool = True
    limits: Limits = field(default_factory=Limits)
    era: Era | None = None
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @cached_property
    def digest(self) -> str:
        """Return a hash of everything that a running session depends on: with another one it is opened anew."""
        what = [self.transport, self.command, sorted(self.env.items()), self.cwd, self.url]
        return hashlib.sha256(orjson.dumps([*what, sorted(self.headers.items())])).hexdigest()


@dataclass(frozen=True)
class Elicitation:
    """What a server asks a person during a call."""

    message: str
    answer_schema: dict[str, Any] | None
    """JSON Schema of the answer: an object of plain fields; None for a URL to be visited."""
    url: str | None = None


@dataclass(frozen=True)
class ElicitationAnswer:
    """What the person said."""

    action: Literal["accept", "decline", "cancel"]
    content: dict[str, Any] | None = None


@dataclass(frozen=True)
class Call:
    """One call of a tool.

    Args:
        arguments: checked against the tool's schema before.
        timeout_s: how long an answer may take; None for the server's own limit. The time in which a person is
            asked does not count.
        may_repeat: whether the tool does no harm when it runs twice, by the word of a trusted server: then the call
            is repeated once even if it may have been executed.
        progress: told `(fraction in [0, 1] or None, message)`, on the pool's loop.
        elicit: asks a person what the server wants to know; None if there is nobody, and all is declined.
    """

    tool: str
    arguments: dict[str, Any]
    timeout_s: float | None = None
    may_repeat: bool = False
    progress: Callable[[float | None, str], None] | None = None
    elicit: Callable[[Elicitation], Awaitable[ElicitationAnswer]] | None = None


@dataclass(frozen=True)
class SessionFacts:
    """What a server said of itself when a session was opened."""

    era: Era
    protocol_version: str
    name: str
    version: str
    instructions: str | None
    offers: frozenset[str]
    """Of `tools`, `resources`, `prompts`, `completions`, `logging`."""


SessionState = Literal["stopped", "starting", "ready", "backoff", "failed", "needs_auth"]


@dataclass(frozen=True)
class SessionHealth:
    """How one session of a pool is. Latencies are milliseconds, times seconds since 1970."""

    key: str
    state: SessionState
    restarts: int = 0
    calls: int = 0
    in_flight: int = 0
    last_error: str | None = None
    last_success_at: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    breaker_open_until: float | None = None
    pid: int | None = None
    noise_lines: int = 0
    """Lines of its standard output that were no messages."""
    stderr: tuple[str, ...] = ()
    facts: SessionFacts | None = None
