"""A tool of its own for agents: follow a task to its end, telling how far it is."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from vibe_jupyter.core.operations import validated
from vibe_jupyter.core.tasks.schemas import FINAL_STATES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["WAIT", "WaitArguments", "wait_for_task"]

WAIT = "tasks_wait"


class WaitArguments(BaseModel):
    """Which task, and how long."""

    model_config = ConfigDict(extra="forbid")

    task_id: str = Field(min_length=1, max_length=100)
    timeout_s: float = Field(default=60, gt=0, le=300, description="Wait so many seconds at most.")


async def wait_for_task(
    platform: Platform,
    principal: Principal,
    arguments: dict[str, Any],
    report: Callable[[float, float | None, str | None], Awaitable[None]],
) -> bytes:
    """Wait until a task has ended, and show it with its result; if it takes longer, as it is then."""
    wanted = validated(WaitArguments, arguments)
    assert isinstance(wanted, WaitArguments)
    principal.require("tasks:read")
    done: asyncio.Queue[tuple[float, str] | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def follow() -> None:
        async for event in platform.tasks.events(principal, wanted.task_id, None):
            if event.type in FINAL_STATES:
                break
            fraction, message = event.data.get("fraction"), event.data.get("message") or event.type
            if isinstance(fraction, int | float):
                loop.call_soon_threadsafe(done.put_nowait, (float(fraction), str(message)))
        loop.call_soon_threadsafe(done.put_nowait, None)

    following = asyncio.ensure_future(platform.acall(follow()))
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wanted.timeout_s):
                await _until_done(following, done, report)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    return await platform.acall(platform.tasks.get(principal, wanted.task_id))


async def _until_done(
    following: asyncio.Future[None],
    progress: asyncio.Queue[tuple[float, str] | None],
    report: Callable[[float, float | None, str | None], Awaitable[None]],
) -> None:
    """Report what comes until the task has ended.

    Raises:
        VibeError: why it cannot be followed.
    """
    upcoming = asyncio.ensure_future(progress.get())
    try:
        while True:
            waited: set[asyncio.Future[Any]] = {upcoming, following}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if following.done() and not upcoming.done():
                return following.result()
            if (item := upcoming.result()) is None:
                return None
            await report(item[0], 1.0, item[1])
            upcoming = asyncio.ensure_future(progress.get())
    finally:
        upcoming.cancel()
