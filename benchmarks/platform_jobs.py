"""Our platform as a runner of jobs, in one process and without a server: the other side of the drain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
from pydantic import BaseModel

from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.platform import Platform
from vibe_jupyter.core.routing.registry import Registry
from vibe_jupyter.core.routing.targets import oracle_target
from vibe_jupyter.core.settings import Settings
from vibe_jupyter.core.tasks.schemas import FINAL_STATES, TaskCreate

__all__ = ["PlatformJobs"]

_LOOK_AGAIN_S = 0.5


class SleepInput(BaseModel):
    """How long."""

    seconds: float


class SleepOutput(BaseModel):
    """What was done."""

    slept_s: float


class SleepOracle(Oracle):
    """Does nothing, or sleeps."""

    id = "sleep"
    title = "Sleep"
    capabilities = (Capability("job.sleep", "Sleep a while", SleepInput, SleepOutput),)

    async def run(self, context: Context, input: BaseModel) -> SleepOutput:  # noqa: A002 - the contract
        """Sleep."""
        assert isinstance(input, SleepInput)
        if input.seconds:
            await asyncio.sleep(input.seconds)
        return SleepOutput(slept_s=input.seconds)


class PlatformJobs:
    """A Platform in this process, as a notebook without a server has it, with one oracle that sleeps."""

    def __init__(self, folder: Path, concurrency: int) -> None:
        settings = Settings(
            data_dir=folder, task_concurrency=concurrency, task_concurrency_per_user=concurrency
        )
        self._platform = Platform(settings, folder, registry=Registry([oracle_target(SleepOracle())]))

    async def start(self) -> None:
        """Start the platform; its engine starts with the first task."""
        await asyncio.to_thread(self._platform.start)

    async def stop(self) -> None:
        """Stop the platform."""
        await asyncio.to_thread(self._platform.stop)

    async def submit(self, body_s: float) -> str:
        """Create a task, as a surface does."""
        body = TaskCreate(type="job_sleep", input={"seconds": body_s})
        task_id: str = orjson.loads(await self._platform.tasks.create(OWNER, body))["id"]
        return task_id

    async def finished(self, job_id: str) -> None:
        """Wait for the stored result, woken by the platform's news as an event stream is."""
        store = self._platform.task_store
        with self._platform.news.subscribe(job_id) as news:
            while True:
                _, state = await store.last_seq(OWNER.user_id, job_id)
                if state in FINAL_STATES:
                    break
                await news.wait(_LOOK_AGAIN_S)
        if state != "succeeded":
            raise RuntimeError((await store.get(OWNER.user_id, job_id)).decode())
