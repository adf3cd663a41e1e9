"""The one workflow that DBOS knows; it is registered when this module is imported, which imports DBOS.

DBOS has one registry and one instance in a process, so what the workflow works with is a global too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbos import DBOS, StepOptions, error

from vibe_jupyter.core.tasks.dbos_database import is_synced

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.tasks.bodies import Bodies
    from vibe_jupyter.core.tasks.engine import RetryPolicy

__all__ = ["WORKFLOW", "call_again", "is_served_by", "run_task", "serve"]

WORKFLOW = "run_task"

_bodies: Bodies | None = None


def serve(bodies: Bodies | None) -> None:
    """Say what the workflow calls in this process.

    Raises:
        RuntimeError: another engine of this process is running; DBOS would silently be shared with it.
    """
    global _bodies
    if bodies is not None and _bodies is not None:
        raise RuntimeError("a process can run one task engine at a time: there is one DBOS in it")
    _bodies = bodies


def is_served_by(bodies: Bodies) -> bool:
    """Return whether the workflow calls these bodies."""
    return _bodies is bodies


@DBOS.workflow(name=WORKFLOW)
async def run_task(task_id: str, user_id: str, priority: int) -> None:
    """Run a task to its end.

    Without a step on the straight way: what the body has done is in our own table, and a step's record would cost
    as much as all the rest (measured: 234 instead of 433 tasks/s).
    """
    is_synced.set(False)
    assert _bodies is not None
    await _bodies.work(task_id, user_id, priority)


async def call_again(body: Callable[[], Awaitable[None]], failure: Exception, policy: RetryPolicy) -> None:
    """Call the body after its first failure until it succeeds, as one step of DBOS with its retries.

    Raises:
        Exception: the last failure, when the policy allows no further attempt.
    """
    failures = [failure]

    async def attempt() -> None:
        if failures:
            raise failures.pop()
        await body()

    options = StepOptions(
        name="call_again",
        retries_allowed=True,
        max_attempts=policy.max_attempts,
        interval_seconds=policy.interval_s,
        backoff_rate=policy.backoff,
    )
    try:
        await DBOS.run_step_async(options, attempt)
    except error.DBOSMaxStepRetriesExceeded as exceeded:
        raise exceeded.errors[-1] from None
