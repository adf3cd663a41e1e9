"""A process with a task engine, to be started, told what to do and killed by tests.

    python engine_process.py '{"folder": ..., "url": ..., "serves_shared": true, "lease_ttl_s": 30, ...}'

It takes commands on stdin, one JSON object a line: `{"submit": [[id, user, priority, shared], ...]}`,
`{"cancel": id}`, `{"release": id}`, `{"stop": true}`. What happens is written in lines `WORD argument pid`, each with
one `os.write` to a file opened with O_APPEND, which loses nothing to SIGKILL, and to stdout, where a test waits for it.

With `"machine": "a"` it says to be on another machine, where its lease is all that is known of it.

A task does what its input says: `seconds`: sleep; `hold`: wait for its release; `kill`: kill this process;
`fail`: raise Retry so many times.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import structlog

from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.events import NewsBoard
from vibe_jupyter.core.routing.catalog import Catalog
from vibe_jupyter.core.tasks import process_identity
from vibe_jupyter.core.tasks.dbos_engine import DbosEngine
from vibe_jupyter.core.tasks.engine import Job, Retry, RetryPolicy
from vibe_jupyter.core.tasks.leases import Leases
from vibe_jupyter.core.tasks.orphans import Orphans
from vibe_jupyter.core.tasks.store import TaskStore

TARGETS = {"again": SimpleNamespace(idempotent=True), "once": SimpleNamespace(idempotent=False)}


class SayingOrphans(Orphans):
    say: Callable[[str, str], None]

    async def revive(self, task_id: str, *, is_shared: bool) -> bool:
        goes_on = await super().revive(task_id, is_shared=is_shared)
        self.say("REVIVED" if goes_on else "DROPPED", task_id)
        return goes_on


class EngineProcess:
    def __init__(self, options: dict[str, Any]) -> None:
        folder = Path(options["folder"])
        if machine := options.get("machine"):
            process_identity._host = lambda: machine
            process_identity._boot_id = lambda: f"{machine} pid:[1]"
        self._log = os.open(folder / "log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._database = Database(options["url"])
        self._database.open()
        self._store = TaskStore(self._database)
        self._releases: dict[str, asyncio.Event] = {}
        url = f"sqlite:///{folder}/dbos.db" if self._database.dialect == "sqlite" else options["url"]
        self._engine = DbosEngine(
            url,
            self._run,
            give_up=self._give_up,
            database=self._database,
            leases=Leases(self._database, options.get("lease_ttl_s", 30)),
            serves_shared=options.get("serves_shared", True),
            concurrency=options.get("concurrency", 8),
            concurrency_per_user=options.get("concurrency_per_user", 8),
            retries=RetryPolicy(interval_s=0.05),
        )

    async def _give_up(self, task_id: str, error: Exception) -> None:
        self._say("GIVEN_UP", task_id)

    async def main(self, *, starts: bool) -> None:
        relay: Any = SimpleNamespace(
            outbox_id=self._engine.executor_id, wake=lambda: self._say("ADOPTED", "outbox")
        )
        registry: Any = SimpleNamespace(targets=TARGETS)
        orphans = SayingOrphans(self._store, Catalog(registry), NewsBoard(), relay)
        orphans.say = self._say
        await self._engine.open(orphans)
        if starts:
            await self._engine.start()
        self._say("READY", self._engine.executor_id)
        commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        threading.Thread(target=_read, args=(commands, asyncio.get_running_loop()), daemon=True).start()
        while "stop" not in (command := await commands.get()):
            await self._obey(command)
        await self._engine.stop()
        self._database.close()
        self._say("STOPPED", self._engine.executor_id)

    async def _obey(self, command: dict[str, Any]) -> None:
        if jobs := command.get("submit"):
            await self._engine.submit_many([Job(*job) for job in jobs])
            await self._store.handed_over([job[0] for job in jobs])
            self._say("ACCEPTED", str(len(jobs)))
        if task_id := command.get("cancel"):
            await self._engine.cancel(task_id)
        if task_id := command.get("release"):
            self._releases.setdefault(task_id, asyncio.Event()).set()

    async def _run(self, task_id: str) -> None:
        task = await self._store.stored(task_id)
        if task is None or task.is_final:
            return
        plan = json.loads(task.input)
        target = (plan.get("target", "again"), "oracle")
        if not await self._store.start(
            task_id, self._engine.executor_id, target, "{}", attempt=task.attempts + 1
        ):
            await self._store.end_unstarted(task_id, "cancelled")
            return
        self._say("START", task_id)
        try:
            await self._work(task_id, plan, task.attempts)
        except asyncio.CancelledError:
            self._say("CANCELLED", task_id)
            stored = await self._store.stored(task_id)
            if stored is not None and stored.cancel_requested:
                await self._store.finish(task_id, self._engine.executor_id, "cancelled")
            raise
        if await self._store.finish(task_id, self._engine.executor_id, "succeeded"):
            self._say("END", task_id)

    async def _work(self, task_id: str, plan: dict[str, Any], attempts: int) -> None:
        if plan.get("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if plan.get("hold"):
            await self._releases.setdefault(task_id, asyncio.Event()).wait()
        await asyncio.sleep(plan.get("seconds", 0))
        if attempts < plan.get("fail", 0):
            self._say("RETRY", task_id)
            raise Retry("told to")

    def _say(self, word: str, argument: str) -> None:
        line = f"{word} {argument} {os.getpid()}\n".encode()
        os.write(self._log, line)
        os.write(1, line)


def _read(commands: asyncio.Queue[dict[str, Any]], loop: asyncio.AbstractEventLoop) -> None:
    for line in sys.stdin:
        loop.call_soon_threadsafe(commands.put_nowait, json.loads(line))
    loop.call_soon_threadsafe(commands.put_nowait, {"stop": True})


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    given = json.loads(sys.argv[1])
    asyncio.run(EngineProcess(given).main(starts=given.get("starts", True)))
