"""What becomes of those who listen to the platform of their own process when it stops."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.factories import PlatformFactory, probe_registry
from vibe_jupyter.client import AsyncTaskHandle, TaskHandle
from vibe_jupyter.core.errors import VibeError


@pytest.mark.slow  # the engine gives running tasks some seconds to end
def test_they_are_told(make_platform: PlatformFactory) -> None:
    vibe = make_platform.client(registry=probe_registry())
    both_run = threading.Barrier(3)

    def wait() -> TaskHandle:
        return vibe.tasks.create(type="probe_run", input={"seconds": 60}).wait(hear)

    async def await_it() -> AsyncTaskHandle:
        return await (await vibe.aio.tasks.create(type="probe_run", input={"seconds": 60})).wait(hear)

    def hear(event: object) -> None:
        if getattr(event, "type", "") == "running":
            both_run.wait(30)

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(wait), pool.submit(lambda: asyncio.run(await_it()))]
        both_run.wait(30)
        make_platform.stop_all()
        for future in waiting:
            with pytest.raises(VibeError, match=r"platform\.stopped"):
                future.result(timeout=30)
    for call in (lambda: vibe.tasks.history(), lambda: list(vibe.tasks.events("any"))):
        with pytest.raises(VibeError, match=r"platform\.stopped"):
            call()
