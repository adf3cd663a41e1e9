# Made by `python scripts/generate.py` from the operation table: do not edit.
# ruff: noqa: A002, PYI021 - arguments have the API's names; an editor shows these docstrings, and only these
"""The client as type checkers and editors see it: every operation with its arguments and its result."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any, Literal, Self, TypeAlias

from vibe_jupyter.client.handles import AsyncTaskHandle, TaskHandle
from vibe_jupyter.client.transport import Transport
from vibe_jupyter.core.accounts.schemas import Profile
from vibe_jupyter.core.operations import Operation
from vibe_jupyter.core.oracles.schemas import CapabilityInfo, OracleList
from vibe_jupyter.core.status.schemas import Health, Status
from vibe_jupyter.core.tasks.schemas import Explanation, History, Task, TaskEvent

__all__ = ["AsyncVibeClient", "VibeClient", "connect"]

_TaskId: TypeAlias = str | Task | TaskHandle | AsyncTaskHandle

class _Tasks:
    def create(
        self,
        *,
        type: str = "ask",
        input: dict[str, Any] = ...,
        required_capabilities: list[str] = ...,
        priority: int = 0,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
        project_id: str | None = None,
        root: str | None = None,
    ) -> TaskHandle:
        """Create a task and hand it to the best target."""
    def history(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        cursor: str | None = None,
        state: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"] | None = None,
        type: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        results: bool = True,
    ) -> History:
        """List your tasks, newest first."""
    def get(self, task_id: _TaskId) -> TaskHandle:
        """Show one task with its state and result."""
    def cancel(self, task_id: _TaskId) -> TaskHandle:
        """Cancel a task: a waiting one at once, a running one within a second."""
    def retry(self, task_id: _TaskId) -> TaskHandle:
        """Run an ended task again, as a new task that names the old one in `retry_of`."""
    def explain(self, task_id: _TaskId) -> Explanation:
        """Explain why a task went to its target: all candidates with their scores, and why others were not asked."""
    def events(self, task_id: _TaskId, *, after: str | None = None) -> Iterator[TaskEvent]:
        """Follow a task: what has happened so far, then each event as it comes, up to its end."""

class _Oracles:
    def list(self) -> OracleList:
        """List the oracles with what they can do and what input they take."""

class _User:
    def profile(self) -> Profile:
        """Show who you are here, and what you may do."""

class _Platform:
    def health(self) -> Health:
        """Say that the platform is up, with its version and API level."""
    def status(self) -> Status:
        """Show where the platform runs and what it has to do for you."""

class _AsyncTasks:
    async def create(
        self,
        *,
        type: str = "ask",
        input: dict[str, Any] = ...,
        required_capabilities: list[str] = ...,
        priority: int = 0,
        timeout_s: float | None = None,
        idempotency_key: str | None = None,
        project_id: str | None = None,
        root: str | None = None,
    ) -> AsyncTaskHandle:
        """Create a task and hand it to the best target."""
    async def history(
        self,
        *,
        limit: int = 20,
        offset: int = 0,
        cursor: str | None = None,
        state: Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"] | None = None,
        type: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        results: bool = True,
    ) -> History:
        """List your tasks, newest first."""
    async def get(self, task_id: _TaskId) -> AsyncTaskHandle:
        """Show one task with its state and result."""
    async def cancel(self, task_id: _TaskId) -> AsyncTaskHandle:
        """Cancel a task: a waiting one at once, a running one within a second."""
    async def retry(self, task_id: _TaskId) -> AsyncTaskHandle:
        """Run an ended task again, as a new task that names the old one in `retry_of`."""
    async def explain(self, task_id: _TaskId) -> Explanation:
        """Explain why a task went to its target: all candidates with their scores, and why others were not asked."""
    def events(self, task_id: _TaskId, *, after: str | None = None) -> AsyncIterator[TaskEvent]:
        """Follow a task: what has happened so far, then each event as it comes, up to its end."""

class _AsyncOracles:
    async def list(self) -> OracleList:
        """List the oracles with what they can do and what input they take."""

class _AsyncUser:
    async def profile(self) -> Profile:
        """Show who you are here, and what you may do."""

class _AsyncPlatform:
    async def health(self) -> Health:
        """Say that the platform is up, with its version and API level."""
    async def status(self) -> Status:
        """Show where the platform runs and what it has to do for you."""

class VibeClient:
    """The platform, wherever it runs."""

    aio: AsyncVibeClient
    is_async: bool
    operations: tuple[Operation, ...]
    transport: Transport
    tasks: _Tasks
    oracles: _Oracles
    user: _User
    platform: _Platform

    def __init__(self, transport: Transport) -> None: ...
    @property
    def capabilities(self) -> list[CapabilityInfo]:
        """What can be done here; asked of the platform once."""
    @property
    def tables(self) -> dict[str, str | None]:
        """For each capability, the field of its result that holds rows."""
    @property
    def text_fields(self) -> dict[str, str | None]:
        """For each task type and capability, the field of its input that a free text goes to."""
    def method(self, operation: Operation) -> Callable[..., Any]:
        """Return an operation as a documented function."""
    def wrap(self, result: Any) -> Any:
        """Return a task with a handle around it, anything else as it is."""
    @property
    def where(self) -> str:
        """Where the platform runs, in a phrase."""
    def close(self) -> None:
        """Let go of connections."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

class AsyncVibeClient:
    """The same methods for async code; each one is awaited."""

    is_async: bool
    operations: tuple[Operation, ...]
    transport: Transport
    tasks: _AsyncTasks
    oracles: _AsyncOracles
    user: _AsyncUser
    platform: _AsyncPlatform

    def __init__(self, transport: Transport) -> None: ...
    @property
    def capabilities(self) -> list[CapabilityInfo]:
        """What can be done here; asked of the platform once."""
    @property
    def tables(self) -> dict[str, str | None]:
        """For each capability, the field of its result that holds rows."""
    @property
    def text_fields(self) -> dict[str, str | None]:
        """For each task type and capability, the field of its input that a free text goes to."""
    def method(self, operation: Operation) -> Callable[..., Any]:
        """Return an operation as a documented function."""
    def wrap(self, result: Any) -> Any:
        """Return a task with a handle around it, anything else as it is."""

def connect(url: str | None = None, token: str | None = None) -> VibeClient:
    """Return a client of the platform."""
