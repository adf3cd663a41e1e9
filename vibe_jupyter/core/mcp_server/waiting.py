"""A tool of its own for agents: follow a task to its end, telling how far it is."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from vibe_jupyter.core.mcp_server.progress import telling
from vibe_jupyter.core.operations import validated
from vibe_jupyter.core.tasks.schemas import FINAL_STATES

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.mcp_server.progress import Report
    from vibe_jupyter.core.platform import Platform

__all__ = ["WAIT", "WaitArguments", "wait_for_task"]

WAIT = "tasks_wait"


class WaitArguments(BaseModel):
    """Which task, and how long."""

    model_config = ConfigDict(extra="forbid")

    task_id: str = Field(min_length=1, max_length=100)
    timeout_s: float = Field(
        default=50,  # many clients give up after 60 s
        gt=0,
        le=300,
        description="Wait so many seconds at most; what is not done then goes on all the same.",
    )


async def wait_for_task(
    platform: Platform, principal: Principal, arguments: dict[str, Any], report: Report
) -> bytes:
    """Wait until a task has ended, and show it with its result; if it takes longer, as it is then: wait again."""
    wanted = validated(WaitArguments, arguments)
    assert isinstance(wanted, WaitArguments)
    principal.require("tasks:read")
    async with telling(report) as tell, contextlib.AsyncExitStack() as stack:
        events = platform.tasks.events(principal, wanted.task_id, None)
        stack.push_async_callback(events.aclose)  # type: ignore[attr-defined]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wanted.timeout_s):
                async for event in events:
                    if event.type not in FINAL_STATES:
                        tell(event.data.get("fraction"), str(event.data.get("message") or event.type))
    return await platform.tasks.get(principal, wanted.task_id)
