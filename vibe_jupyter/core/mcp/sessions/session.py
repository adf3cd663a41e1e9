"""One server, one session: an owner task opens and closes it, and callers from any task share it.

`mcp.Client` must be entered and left by one task. So each life of a session is a task of its own; it begins with the
first call that needs it, goes on in the background when that caller gives up, and ends after a time without calls,
with its server, or with the pool.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, TypeVar

from vibe_jupyter.core.errors import Unavailable, VibeError
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.errors import AuthRequired, Disconnected, SessionLost, StartTimeout, with_stderr
from vibe_jupyter.core.mcp.sessions import outcomes
from vibe_jupyter.core.mcp.sessions.breaker import Breaker
from vibe_jupyter.core.mcp.sessions.incoming import whole
from vibe_jupyter.core.mcp.sessions.latency import Latencies
from vibe_jupyter.core.mcp.sessions.life import Life
from vibe_jupyter.core.mcp.sessions.running import Running, running_call
from vibe_jupyter.core.mcp.sessions.sdk_log import speaking
from vibe_jupyter.core.mcp.spec import SessionHealth

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mcp import Client
    from mcp_types import CallToolResult

    from vibe_jupyter.core.mcp.sessions.incoming import RawResult
    from vibe_jupyter.core.mcp.sessions.life import Hooks
    from vibe_jupyter.core.mcp.sessions.running import Elicit
    from vibe_jupyter.core.mcp.spec import Call, Elicitation, ElicitationAnswer, ServerSpec, SessionState

    R = TypeVar("R")

__all__ = ["Session"]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 30.0
_GOOD_LIFE_S = 5.0
_NO_LIMIT_S = 7 * 86_400.0
"""The SDK's limit of a request: ours is the one that counts, and stops while a person is asked."""

log = get_logger("mcp")


class Session:
    """All calls of one server; see `pool.SessionPool`."""

    def __init__(self, spec: ServerSpec, hooks: Hooks) -> None:
        self.spec = spec
        self._hooks = hooks
        self._slots = asyncio.Semaphore(spec.limits.concurrency)
        self._breaker = Breaker()
        self._latencies = Latencies()
        self._in_flight: list[Running] = []
        self._life: Life | None = None
        self._last_life: Life | None = None
        self._lives: set[Life] = set()
        self._unheard: set[Life] = set()
        self._pause_s = _FIRST_PAUSE_S
        self._not_before = 0.0
        self._is_closed = False
        self._restarts = self._calls = 0
        self._last_error: str | None = None
        self._last_success_at: float | None = None
        self._needs_auth = False

    def update(self, spec: ServerSpec) -> None:
        """Take other limits for the calls from now on; what a life depends on is the same."""
        if spec.limits.concurrency != self.spec.limits.concurrency:
            self._slots = asyncio.Semaphore(spec.limits.concurrency)
        self.spec = spec

    async def call(self, call: Call) -> RawResult:
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

        return whole(
            await self.perform(
                do, call.tool, timeout_s=call.timeout_s, may_repeat=call.may_repeat, elicit=call.elicit
            )
        )

    async def perform(
        self,
        do: Callable[[Client], Awaitable[R]],
        what: str,
        *,
        timeout_s: float | None = None,
        may_repeat: bool = True,
        elicit: Elicit | None = None,
    ) -> R:
        """Let something be done with the client, at most once, or twice where that is safe.

        Args:
            what: names it in messages.

        Raises:
            VibeError: of `core.mcp.errors`.
        """
        is_trial = self._breaker.enter()
        if is_trial is None:
            raise outcomes.resting(
                self.spec.name, self._breaker.failures, self._breaker.rests_for_s, self._last_error
            )
        limit_s = timeout_s or self.spec.limits.call_timeout_s
        try:
            life = await self._ready()
            try:
                return await self._run(life, do, what, limit_s, elicit)
            except VibeError as error:
                if not outcomes.may_repeat(error, does_no_harm=may_repeat):
                    raise
                log.info("call is repeated", server=self.spec.name, tool=what, reason=error.message)
            life = await self._ready()
            return await self._run(life, do, what, limit_s, elicit)
        except VibeError as error:
            if not outcomes.is_callers_own(error):
                self._last_error = error.message
                self._needs_auth = isinstance(error, AuthRequired)
            raise
        finally:
            self._breaker.leave(is_trial=is_trial)

    async def _run(
        self,
        life: Life,
        do: Callable[[Client], Awaitable[R]],
        what: str,
        limit_s: float,
        elicit: Elicit | None,
    ) -> R:
        slots = self._slots
        if slots.locked():
            await self._queue(slots, what, limit_s)
        else:
            await slots.acquire()  # without a pause
        try:
            if life.client is None:  # it has ended while this call was waiting
                life = await self._ready()
            return await self._in_slot(life, do, what, limit_s, elicit)
        finally:
            slots.release()

    async def _queue(self, slots: asyncio.Semaphore, what: str, limit_s: float) -> None:
        """Wait for other calls to end, not longer than an answer may take."""
        try:
            async with asyncio.timeout(limit_s):
                await slots.acquire()
        except TimeoutError as error:
            raise outcomes.busy(self.spec, what, limit_s) from error

    async def _in_slot(
        self,
        life: Life,
        do: Callable[[Client], Awaitable[R]],
        what: str,
        limit_s: float,
        elicit: Elicit | None,
    ) -> R:
        assert life.client is not None
        running = Running(limit_s, elicit)
        self._in_flight.append(running)
        self._calls += 1
        life.in_flight += 1
        token, log_token = running_call.set(running), speaking.set(life.sdk_log)
        began = time.perf_counter()
        try:
            async with running.timeout:
                result = await do(life.client)
        except Exception as error:
            raise await self._explained(life, error, running, what, limit_s) from error
        finally:
            running_call.reset(token)
            speaking.reset(log_token)
            self._in_flight.remove(running)
            running.end()
            life.left()
        self._latencies.add((time.perf_counter() - began - running.asked_s) * 1000)
        self._last_success_at = time.time()
        self._needs_auth = False
        self._breaker.succeeded()
        life.has_served = True
        return result

    async def _explained(
        self, life: Life, error: Exception, running: Running, what: str, limit_s: float
    ) -> VibeError:
        """Return what an exception of the SDK means, and part with a session that is dead."""
        name = self.spec.name
        if isinstance(error, TimeoutError) and running.timeout.expired():
            if limit_s >= self.spec.limits.call_timeout_s:  # less patience says little about the server
                self._breaker.failed()
            return outcomes.late(name, what, limit_s, life.stderr)
        if outcomes.closes_session(error):
            life.end()  # at once: the next caller must not be handed the dead client
            if life.fault is not None:
                return outcomes.of_noise(name, life.fault, life.stderr)
            return outcomes.of_end(error, name, life.stderr, await life.exit_code())
        found = outcomes.of_error(error, name)
        if isinstance(found, SessionLost):
            life.retire(is_wanted=True)
        elif isinstance(found, Disconnected):
            self._breaker.failed()
        else:
            self._breaker.succeeded()  # it has answered
        return found

    async def _ready(self) -> Life:
        """Return a life with an open session; the first caller begins one."""
        while True:
            life = self._life
            if life is not None and life.client is not None:
                return life
            if self._is_closed:
                raise Unavailable(f"{self.spec.name} is being closed", code="mcp.closing", hint="try again")
            if life is None:
                life = self._begin()
            limit_s = self.spec.limits.start_timeout_s
            # The life is a task of its own: the start goes on in the background when this caller gives up.
            done, _ = await asyncio.wait({life.opened}, timeout=limit_s)
            if not done:
                raise with_stderr(
                    StartTimeout(
                        f"{self.spec.name} did not start within {limit_s:g} s; that goes on in the background",
                        hint=f"try again later; %vibe mcp logs {self.spec.name}",
                    ),
                    life.stderr,
                )
            if not life.opened.cancelled():  # else it was stopped, and perhaps another is wanted by now
                life.opened.result()  # raises why it could not be opened

    def _begin(self) -> Life:
        pause_s = max(0.0, self._not_before - time.monotonic())
        last = self._last_life
        after = last if self.spec.transport == "stdio" and last is not None and not last.task.done() else None
        life = Life(self.spec, self._hooks, self._answer, self._ended, pause_s, after)
        self._restarts += last is not None and not last.is_wanted_end
        self._life = self._last_life = life
        self._lives.add(life)
        life.task.add_done_callback(lambda _: self._over(life))
        return life

    def _ended(self, life: Life) -> None:
        """Part with a life, and note how it went."""
        if self._life is life:
            self._life = None
        if life.is_wanted_end:
            return
        if life.failure is not None:
            self._last_error = life.failure.message
        if life.failure is not None or life.in_flight:
            self._breaker.failed()  # once, however many calls it takes along
        else:
            self._unheard.add(life)
        if life.has_served or life.lasted_s > _GOOD_LIFE_S:
            self._pause_s, self._not_before = _FIRST_PAUSE_S, 0.0
            return
        self._not_before = time.monotonic() + self._pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _over(self, life: Life) -> None:
        """Forget a life that is closed, and note its end if no call has heard of it."""
        self._lives.discard(life)
        if life in self._unheard:
            self._unheard.discard(life)
            if life.code is not None:
                self._last_error = f"{self.spec.name} {outcomes.how(life.code)} while nobody called it"

    async def _answer(self, elicitation: Elicitation) -> ElicitationAnswer | None:
        """Ask whoever has called; None if there is nobody to ask.

        In the modern era, and over HTTP, the question comes in the course of its call. A stdio server of the older one
        does not say for which call it asks: the newest that can be asked is as good a guess as any.
        """
        running = running_call.get()
        if running not in self._in_flight or running is None or running.elicit is None:
            running = next((one for one in reversed(self._in_flight) if one.elicit is not None), None)
        return None if running is None else await running.ask(elicitation)

    def health(self) -> SessionHealth:
        """Return how it is."""
        life = self._life or self._last_life
        rests_for_s = self._breaker.rests_for_s
        return SessionHealth(
            key=self.spec.key,
            state=self._state(),
            restarts=self._restarts,
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
        if self._needs_auth:
            return "needs_auth"
        if self._life is not None:
            return "ready" if self._life.client is not None else "starting"
        if self._last_life is not None and self._last_life.failure is not None:
            return "failed"
        return "backoff" if time.monotonic() < self._not_before else "stopped"

    async def restart(self) -> None:
        """End the life there is and begin another, whatever failed before."""
        await self._stop()
        self._breaker.reset()
        self._pause_s, self._not_before = _FIRST_PAUSE_S, 0.0
        self._needs_auth = False
        await self._ready()

    async def retire(self) -> None:
        """End when the calls in flight have ended; `close` does not wait for them."""
        self._is_closed = True
        if self._life is not None:
            self._life.retire(is_wanted=True)
        await self._closed()

    async def close(self) -> None:
        """End now; calls in flight fail."""
        self._is_closed = True
        await self._stop()

    async def _stop(self) -> None:
        for life in self._lives:
            life.end(is_wanted=True)
        await self._closed()

    async def _closed(self) -> None:
        """Wait for all lives there are to be over, also for those that were parted with before."""
        if self._lives:
            await asyncio.wait({life.task for life in self._lives})
