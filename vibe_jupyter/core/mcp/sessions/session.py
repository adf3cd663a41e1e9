"""One server, one session: an owner task opens and closes it, and callers from any task share it.

`mcp.Client` must be entered and left by one task. So each life of a session is a task of its own; it begins with the
first call that needs it, goes on in the background when that caller gives up, and ends after a time without calls,
with its server, or with the pool.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from vibe_jupyter.core.errors import Unavailable, VibeError
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.errors import (
    CallTimeout,
    CircuitOpen,
    Crashed,
    Disconnected,
    RateLimited,
    SessionLost,
    SpawnFailed,
    StartTimeout,
    maybe_executed,
    with_stderr,
)
from vibe_jupyter.core.mcp.sessions import outcomes
from vibe_jupyter.core.mcp.sessions.breaker import Breaker
from vibe_jupyter.core.mcp.sessions.latency import Latencies
from vibe_jupyter.core.mcp.sessions.life import Life
from vibe_jupyter.core.mcp.spec import SessionHealth

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp import Client, MCPError
    from mcp_types import CallToolResult

    from vibe_jupyter.core.mcp.sessions.life import Hooks
    from vibe_jupyter.core.mcp.spec import Call, Elicitation, ElicitationAnswer, ServerSpec, SessionState

    R = TypeVar("R")

__all__ = ["Session"]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 30.0
_GOOD_LIFE_S = 5.0

log = get_logger("mcp")


@dataclass(eq=False)
class _Running:
    """A call in flight, and the clock that stops while a person is asked for it."""

    timeout: asyncio.Timeout
    limit_s: float
    elicit: Callable[[Elicitation], Awaitable[ElicitationAnswer]] | None

    async def ask(self, elicitation: Elicitation) -> ElicitationAnswer:
        assert self.elicit is not None
        now = asyncio.get_running_loop().time
        deadline = self.timeout.when()
        left_s = self.limit_s if deadline is None else deadline - now()
        self.timeout.reschedule(None)
        try:
            return await self.elicit(elicitation)
        finally:
            if not self.timeout.expired():
                self.timeout.reschedule(now() + left_s)


_running: ContextVar[_Running | None] = ContextVar("mcp_call", default=None)


class Session:
    """All calls of one server; see `pool.SessionPool`."""

    def __init__(self, spec: ServerSpec, hooks: Hooks) -> None:
        self.spec = spec
        self._hooks = hooks
        self._slots = asyncio.Semaphore(spec.limits.concurrency)
        self._breaker = Breaker()
        self._latencies = Latencies()
        self._in_flight: list[_Running] = []
        self._life: Life | None = None
        self._last_life: Life | None = None
        self._pause_s = _FIRST_PAUSE_S
        self._not_before = 0.0
        self._is_closed = False
        self._lives = self._calls = 0
        self._last_error: str | None = None
        self._last_success_at: float | None = None
        self._has_failed_to_start = self._needs_auth = False

    async def call(self, call: Call) -> CallToolResult:
        """Call a tool; see `pool.SessionPool.call`."""
        tell = call.progress

        async def progress(progress: float, total: float | None, message: str | None) -> None:
            assert tell is not None
            tell(min(1.0, max(0.0, progress / total)) if total else None, message or "")

        def do(client: Client) -> Awaitable[CallToolResult]:
            return client.call_tool(
                call.tool,
                call.arguments,
                read_timeout_seconds=_NO_LIMIT_S,
                progress_callback=progress if tell else None,
            )

        return await self.perform(
            do, timeout_s=call.timeout_s, may_repeat=call.may_repeat, elicit=call.elicit, what=call.tool
        )

    async def perform(
        self,
        do: Callable[[Client], Awaitable[R]],
        *,
        timeout_s: float | None = None,
        may_repeat: bool = True,
        elicit: Callable[[Elicitation], Awaitable[ElicitationAnswer]] | None = None,
        what: str = "",
    ) -> R:
        """Let something be done with the client, at most once, or twice where that is safe.

        Raises:
            VibeError: of `core.mcp.errors`.
        """
        limit_s = timeout_s or self.spec.limits.call_timeout_s
        try:
            return await self._once(do, limit_s, elicit, what)
        except VibeError as error:
            if isinstance(error, RateLimited | CircuitOpen | CallTimeout | SpawnFailed | StartTimeout):
                raise
            is_safe = isinstance(error, SessionLost) or (
                isinstance(error, Crashed | Disconnected) and (may_repeat or not maybe_executed(error))
            )
            if not is_safe:
                raise
            log.info("call is repeated", server=self.spec.name, tool=what, reason=error.message)
            return await self._once(do, limit_s, elicit, what)

    async def _once(
        self,
        do: Callable[[Client], Awaitable[R]],
        limit_s: float,
        elicit: Callable[[Elicitation], Awaitable[ElicitationAnswer]] | None,
        what: str,
    ) -> R:
        if not self._breaker.enter():
            raise self._open()
        try:
            life = await self._ready()
            async with self._slots:
                result = await self._run(life, do, limit_s, elicit, what)
        except VibeError as error:
            self._last_error = error.message
            raise
        finally:
            self._breaker.left()
        self._breaker.succeeded()
        return result

    async def _run(
        self,
        life: Life,
        do: Callable[[Client], Awaitable[R]],
        limit_s: float,
        elicit: Callable[[Elicitation], Awaitable[ElicitationAnswer]] | None,
        what: str,
    ) -> R:
        from mcp import MCPError

        assert life.client is not None
        if life.shield is not None:
            life.shield.refusal = None
        began = time.perf_counter()
        timeout = asyncio.timeout(limit_s)
        running = _Running(timeout, limit_s, elicit)
        self._in_flight.append(running)
        self._calls += 1
        token = _running.set(running)
        try:
            async with timeout:
                result = await do(life.client)
        except TimeoutError as error:
            if not timeout.expired():
                raise outcomes.of_result(error, self.spec.name) from error
            self._breaker.failed()
            raise with_stderr(
                CallTimeout(
                    f"{self.spec.name}.{what} did not answer within {limit_s:g} s".replace("..", "."),
                    hint="it was told to stop; give it more with timeout_s",
                ),
                life.stderr,
                executed=True,
            ) from error
        except MCPError as error:
            raise await self._explained(life, error) from error
        except (ValidationError, RuntimeError, ValueError, TypeError) as error:
            raise outcomes.of_result(error, self.spec.name) from error
        finally:
            _running.reset(token)
            self._in_flight.remove(running)
            life.used_at = time.monotonic()
        self._latencies.add((time.perf_counter() - began) * 1000)
        self._last_success_at = time.time()
        life.has_served = True
        return result

    async def _explained(self, life: Life, error: MCPError) -> VibeError:
        """Return what an error answer means, and part with a session that is dead."""
        name = self.spec.name
        if outcomes.forgets_session(error):
            self._part_with(life)
        elif outcomes.closes_session(error):
            if self._part_with(life):  # at once: the next caller must not be handed the dead client
                self._breaker.failed()  # once, however many calls it takes along
            code = await life.exit_code()
            if code is not None:
                last = f": {life.stderr[-1].strip()}" if life.stderr else ""
                crashed = Crashed(
                    f"{name} exited with code {code} during the call{last}"[:2000],
                    hint=f"the next call starts it again; %vibe mcp logs {name}",
                )
                return with_stderr(crashed, life.stderr, exit_code=code, executed=True)
            return with_stderr(
                Disconnected(f"{name} has closed the connection", hint="the next call opens a new one"),
                life.stderr,
                executed=True,
            )
        found = outcomes.of_mcp_error(error, name, life.refusal)
        if isinstance(found, Disconnected):
            self._breaker.failed()
        return found

    async def _ready(self) -> Life:
        """Return a life with an open session; the first caller begins one."""
        life = self._life
        if life is not None and life.client is not None:
            return life
        if self._is_closed:
            raise Unavailable(f"{self.spec.name} is being closed", code="mcp.closing", hint="try again")
        if life is None:
            life = self._begin()
        # Shielded by being a task of its own: a start goes on in the background when this caller gives up.
        limit_s = self.spec.limits.start_timeout_s
        done, _ = await asyncio.wait({life.opened}, timeout=limit_s)
        if not done:
            raise with_stderr(
                StartTimeout(
                    f"{self.spec.name} did not start within {limit_s:g} s; that goes on in the background",
                    hint=f"try again later; %vibe mcp logs {self.spec.name}",
                ),
                life.stderr,
            )
        if life.opened.cancelled():
            raise with_stderr(
                Disconnected(f"{self.spec.name} was stopped while it started", hint="the next call starts it")
            )
        life.opened.result()  # raises why it could not be opened
        return life

    def _begin(self) -> Life:
        pause_s = max(0.0, self._not_before - time.monotonic())
        life = self._life = self._last_life = Life(
            self.spec, self._hooks, self._answer, lambda: bool(self._in_flight), pause_s
        )
        self._lives += 1
        life.task.add_done_callback(lambda _: self._ended(life))
        return life

    def _ended(self, life: Life) -> None:
        """Note how a life went."""
        if self._life is life:
            self._life = None
        self._has_failed_to_start = life.failure is not None
        self._needs_auth = life.failure is not None and life.failure.code == "mcp.auth_required"
        if life.failure is not None:
            self._last_error = life.failure.message
            self._breaker.failed()
        if life.is_stopped:  # as it was wanted
            return
        if life.has_served or life.lasted_s > _GOOD_LIFE_S:
            self._pause_s = _FIRST_PAUSE_S
        self._not_before = time.monotonic() + self._pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _part_with(self, life: Life) -> bool:
        """Let a life end, and return whether it was the one that there is."""
        if self._life is not life:
            return False
        self._life = None
        life.end()
        return True

    async def _answer(self, elicitation: Elicitation) -> ElicitationAnswer | None:
        """Ask whoever has called; None if there is nobody to ask.

        In the modern era the question comes in the course of its call. In the older one a server asks on the session,
        and does not say for which call: the newest that can be asked is as good a guess as any.
        """
        running = _running.get()
        if running is None or running.elicit is None:
            running = next((one for one in reversed(self._in_flight) if one.elicit is not None), None)
        return None if running is None else await running.ask(elicitation)

    def health(self) -> SessionHealth:
        """Return how it is."""
        life = self._life or self._last_life
        rests_for_s = self._breaker.rests_for_s
        return SessionHealth(
            key=self.spec.key,
            state=self._state(),
            restarts=max(0, self._lives - 1),
            calls=self._calls,
            in_flight=len(self._in_flight),
            last_error=self._last_error,
            last_success_at=self._last_success_at,
            p50_ms=self._latencies.percentile(0.5),
            p95_ms=self._latencies.percentile(0.95),
            breaker_open_until=time.time() + rests_for_s if rests_for_s else None,
            pid=self._life.pid if self._life else None,
            noise_lines=life.noise_lines if life else 0,
            stderr=life.stderr if life else (),
            facts=life.facts if life else None,
        )

    def _state(self) -> SessionState:
        if self._life is not None:
            return "ready" if self._life.client is not None else "starting"
        if self._needs_auth:
            return "needs_auth"
        if self._has_failed_to_start:
            return "failed"
        return "backoff" if time.monotonic() < self._not_before and self._last_life is not None else "stopped"

    async def restart(self) -> None:
        """End the life there is and begin another, whatever failed before."""
        await self._stop()
        self._breaker.reset()
        self._pause_s, self._not_before = _FIRST_PAUSE_S, 0.0
        self._has_failed_to_start = self._needs_auth = False
        await self._ready()

    async def close(self) -> None:
        """End; calls in flight fail."""
        self._is_closed = True
        await self._stop()

    async def _stop(self) -> None:
        life, self._life = self._life, None
        if life is not None:
            life.end(is_wanted=True)
            await asyncio.wait({life.task})
        elif self._last_life is not None and not self._last_life.task.done():
            await asyncio.wait({self._last_life.task})

    def _open(self) -> CircuitOpen:
        rests_for_s = self._breaker.rests_for_s
        return CircuitOpen(
            f"{self.spec.name} failed {self._breaker.failures} times in a row and rests for {rests_for_s:.0f} s",
            hint=f"lastly: {self._last_error}; %vibe mcp restart {self.spec.name} tries at once",
            data={"retry_after_s": round(rests_for_s, 1), "maybe_executed": False},
        )


_NO_LIMIT_S = 7 * 86_400.0
"""The SDK's limit of a request: ours is the one that counts, and stops while a person is asked."""
