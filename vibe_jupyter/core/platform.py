"""The platform: everything put together, on a thread and an event loop of its own.

The events and whatever runs tasks live on that loop, in a server and in a kernel alike. So Jupyter's own loop never
waits for us, and there is one way in which things run. A server lets a process beside it run the tasks: what they
compute does not slow down the notebooks that it serves, and what crashes there does not take it along.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from vibe_jupyter.core import ids, logs
from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.accounts.store import AccountStore
from vibe_jupyter.core.database.database import Database
from vibe_jupyter.core.database.failures import stopping
from vibe_jupyter.core.errors import Unavailable, VibeError
from vibe_jupyter.core.events import NewsBoard
from vibe_jupyter.core.kg.service import KgService
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.registry.registration import Registration
from vibe_jupyter.core.mcp.registry.store import McpStore
from vibe_jupyter.core.mcp.service import McpService
from vibe_jupyter.core.mcp.targets import ToolTargets
from vibe_jupyter.core.payloads.files import PayloadStore
from vibe_jupyter.core.projects.contents import ProjectContents
from vibe_jupyter.core.projects.places import ProjectPlaces
from vibe_jupyter.core.projects.service import ProjectService
from vibe_jupyter.core.projects.store import ProjectStore
from vibe_jupyter.core.projects.targets import project_targets
from vibe_jupyter.core.questions.service import QuestionService
from vibe_jupyter.core.questions.store import QuestionStore
from vibe_jupyter.core.routing.catalog import Catalog
from vibe_jupyter.core.routing.registry import Registry, load_oracles
from vibe_jupyter.core.secrets.ambient import Ambient
from vibe_jupyter.core.secrets.resolver import SecretResolver
from vibe_jupyter.core.secrets.service import SecretService
from vibe_jupyter.core.tasks.execution.child import ChildExecution
from vibe_jupyter.core.tasks.execution.local import LocalExecution
from vibe_jupyter.core.tasks.reaper import PATIENCE_S
from vibe_jupyter.core.tasks.service import TaskService
from vibe_jupyter.core.tasks.store import TaskStore

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from vibe_jupyter.core.mcp.calls import ToolCaller
    from vibe_jupyter.core.mcp.offers import KnownServer
    from vibe_jupyter.core.mcp.schemas import McpCapabilities
    from vibe_jupyter.core.settings import Settings
    from vibe_jupyter.core.tasks.execution.execution import Execution

__all__ = ["Mode", "Platform"]

Mode = Literal["server", "worker", "in-process"]
R = TypeVar("R")

_PRUNE_EVERY_S = 3600.0

log = get_logger("platform")


class Platform:
    """One process's share of the platform.

    Args:
        settings: where the data lies, and the limits.
        root: folder that relative paths start from if a task names none.
        mode: a `server` or `worker` runs any task of the installation, an `in-process` one only its own.
        registry: the targets; default: all oracles that are installed. A `server` only describes them: they run
            in a process that finds them by itself.
        news: where news of tasks goes; default: to whoever listens in this process.
        serves: the `outbox_id` of a server whose tasks this `worker` takes over.
        tools: calls tools of MCP servers for tasks; default: over sessions of this process.
        tokens: those of the environment, by the secret that each is; default: of this process as it is now.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        mode: Mode = "in-process",
        registry: Registry | None = None,
        *,
        news: NewsBoard | None = None,
        serves: str | None = None,
        tools: ToolCaller | None = None,
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        logs.configure(settings)
        self.settings = settings
        self.root = root.resolve()
        self.mode = mode
        self.news = news or NewsBoard()
        self.database = Database(settings.effective_database_url)
        project_store = ProjectStore(self.database)
        base = registry or load_oracles()
        workflows = project_targets(settings, project_store)
        self.registry = Registry(workflows, base.problems, base=base)
        self.task_store = TaskStore(self.database)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="vibe-platform", daemon=True)
        self._background: list[asyncio.Task[Any]] = []
        self._is_open = False
        self.payloads = PayloadStore(settings.data_dir / "payloads")
        self.questions = QuestionService(QuestionStore(self.database), self.news, self._note_task)
        mcp_store = McpStore(self.database)
        self.secrets = SecretService(self.database, settings)
        ambient = Ambient(tokens, multi_user=settings.multi_user)
        self.secret_resolver = SecretResolver(self.secrets, ambient)
        self.mcp = McpService(
            mcp_store,
            Registration(mcp_store, self.secrets, settings, self.root, self.allowed_roots),
            self.questions,
            self.payloads,
            root=self.root,
            question_timeout_s=settings.question_timeout_s,
        )
        tools = tools or self.mcp
        self.catalog = Catalog(self.registry, ToolTargets(mcp_store, self.mcp.offers, self._ask_server))
        self.execution: Execution
        if mode == "server":
            self.execution = ChildExecution(
                settings,
                self.root,
                self.database,
                self.task_store,
                tools,
                self.news,
                self.loop,
                ambient.tokens,
            )
        else:
            self.execution = LocalExecution(
                settings,
                self.database,
                self.task_store,
                self.catalog,
                tools,
                self.secret_resolver,
                self.news,
                self.loop,
                serves_shared=mode == "worker",
                allowed_roots=self.allowed_roots,
                serves=serves,
            )
        places = ProjectPlaces(settings.data_dir, self.root, self.home_of, self.allowed_roots)
        self.project_contents = ProjectContents(project_store, settings)
        self.projects = ProjectService(
            project_store, settings, places, self.project_contents, lambda: self.tasks
        )
        self.tasks = TaskService(
            self.task_store,
            self.catalog,
            self.news,
            outbox_id=self.execution.outbox_id,
            is_shared=mode != "in-process",
            default_timeout_s=settings.task_timeout_s,
            default_root=self.root,
            allowed_roots=self.allowed_roots,
            project_root=self.projects.root_of,
            accepted=self.execution.wake,
            cancel_running=self._cancel_running,
            problem=lambda: self.execution.problem,
        )
        self.kg = KgService(settings, self.tasks, self.root, self.allowed_roots, self.projects.root_of)

    @property
    def frames_dir(self) -> Path:
        """Return where tables that come from a notebook's memory are put for a task to read."""
        return self.settings.data_dir / "frames"

    def start(self) -> None:
        """Open the database and begin; returns once tasks can be accepted.

        Raises:
            VibeError: `database.*`, with what to do.
        """
        self.database.open()
        AccountStore(self.database).ensure(OWNER.user_id, OWNER.name)
        self._is_open = True
        self._thread.start()
        self.call(self._start())

    def stop(self) -> None:
        """Let what runs be taken over by others, and close everything; a second call does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        self.call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        self.database.close()

    def call(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine on the platform's loop and wait for its result, from any other thread.

        An interrupt of the waiting thread cancels it.
        """
        handed_over: list[R] = []
        future = asyncio.run_coroutine_threadsafe(_into(handed_over, coroutine), self.loop)
        try:
            future.result()
        except BaseException:
            future.cancel()
            self._forget(coroutine)
            raise
        return handed_over.pop()

    async def acall(self, coroutine: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine on the platform's loop and await its result, from any other loop.

        Raises:
            Unavailable: `platform.stopping`.
        """
        if not self._is_open:
            coroutine.close()
            raise stopping()
        handed_over: list[R] = []
        future = asyncio.run_coroutine_threadsafe(_into(handed_over, coroutine), self.loop)
        try:
            await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._forget(coroutine)
            caller = asyncio.current_task()
            if self._is_open or (caller is not None and caller.cancelling()):
                raise
            raise stopping() from None
        return handed_over.pop()

    def _forget(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Close a coroutine that was cancelled before it began; one that has begun ends by itself."""

        def close() -> None:
            if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
                coroutine.close()

        with contextlib.suppress(RuntimeError):  # the loop is closed
            self.loop.call_soon_threadsafe(close)

    def home_of(self, user_id: str) -> Path:
        """Return the folder of a user who is not the owner."""
        return self.settings.data_dir / "users" / user_id

    async def allowed_roots(self, user_id: str) -> Sequence[Path]:
        """Return the folders that a user's tasks may read, with links resolved."""
        projects = await self.projects.roots(user_id)
        folders = (self.root, self.frames_dir, *self.settings.allowed_roots, *map(Path, projects))
        return [folder.resolve() for folder in folders]

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _start(self) -> None:
        await self.execution.open()
        self._spawn(self._prune_now_and_then())
        if self.mode == "in-process":
            self._spawn(self._start_if_it_stays())
        elif await self.task_store.has_unfinished():
            await self.execution.start()

    async def _stop(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.execution.close()
        await self.mcp.aclose()
        await self.kg.close()
        await self.projects.close()
        listeners = asyncio.all_tasks() - {asyncio.current_task()}
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._background.append(self.loop.create_task(coroutine))

    async def _start_if_it_stays(self) -> None:
        """Go on with what was left, unless this process is here for one question only."""
        await asyncio.sleep(PATIENCE_S)
        try:
            if await self.task_store.has_unfinished():
                await self.execution.start()
        except VibeError as error:
            log.warning("tasks that were left wait", reason=str(error))

    async def _cancel_running(self, task_id: str) -> None:
        await self.acall(self.execution.cancel(task_id))

    async def _ask_server(self, server: KnownServer) -> McpCapabilities:
        """Ask an MCP server what it offers, for whoever is on another loop."""
        return await self.acall(self.mcp.hub.capabilities(server))

    async def _note_task(self, task_id: str, kind: str, data: dict[str, Any]) -> None:
        await self.task_store.note(task_id, kind, data)
        self.news.publish(task_id)

    async def _prune_now_and_then(self) -> None:
        """Delete what is older than the retention, a little at a time."""
        while True:
            before = datetime.now(UTC) - timedelta(days=self.settings.task_retention_days)
            with contextlib.suppress(Unavailable):  # a busy or full database: next time
                while await self.task_store.prune(ids.iso(before)):
                    log.info("old tasks were deleted", before=before)
                await self.execution.prune(before)
                await self.questions.prune(ids.iso(before))
                await asyncio.to_thread(self.payloads.prune, before.timestamp())
            await asyncio.sleep(_PRUNE_EVERY_S)


async def _into(handed_over: list[R], coroutine: Coroutine[Any, Any, R]) -> None:
    """Put a result where it is taken from, and not into the task: what a loop's timers remember keeps that alive.

    A timer that was cancelled stays with its context until its time comes, which may be days away; from there a way
    leads to the task that set it.
    """
    handed_over.append(await coroutine)
