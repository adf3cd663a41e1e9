"""The client's methods, made from the operation table: `vibe.tasks.create` is the operation `tasks.create`."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.catalogue import Catalogue
from vibe_jupyter.client.handles import AsyncTaskHandle, TaskHandle
from vibe_jupyter.client.payloads import payload_of
from vibe_jupyter.client.tool_results import CallResult
from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.mcp.schemas import McpCapabilities, ToolResult
from vibe_jupyter.core.projects.schemas import Project
from vibe_jupyter.core.tasks.schemas import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.client.transport import Transport
    from vibe_jupyter.core.operations import Operation
    from vibe_jupyter.core.oracles.schemas import CapabilityInfo

__all__ = ["BaseClient", "Namespace"]


class Namespace:
    """The operations of one slice as methods; arguments are given by name, the ones in the path also by place."""

    def __init__(self, name: str, client: BaseClient) -> None:
        self._name = name
        self._client = client
        self._operations = {
            operation.name.partition(".")[2]: operation
            for operation in client.operations
            if operation.name.partition(".")[0] == name
        }

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in self._operations:
            near = nearest(name, self._operations)
            hint = (
                f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(self._operations)}"
            )
            raise AttributeError(f"{self._name} has no method {name!r}: {hint}")
        method = self._client.method(self._operations[name])
        self.__dict__[name] = method
        return method

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._operations]

    @property
    def client(self) -> BaseClient:
        """Return the client that they belong to."""
        return self._client

    def fetch(self, task_id: str) -> Task:
        """Return a task without a handle around it."""
        task: Task = self._client.transport.call(self._operations["get"], {"task_id": task_id})
        return task

    async def afetch(self, task_id: str) -> Task:
        """Do the same in async code."""
        task: Task = await self._client.transport.acall(self._operations["get"], {"task_id": task_id})
        return task

    def table_of(self, capability: str) -> str | None:
        """Return which field of a capability's result holds rows."""
        return self._client.tables.get(capability)


class BaseClient:
    """What `VibeClient` and its `aio` side share."""

    is_async = False

    def __init__(self, transport: Transport, operations: tuple[Operation, ...]) -> None:
        self.transport = transport
        self.operations = operations
        self.open_project: Project | None = None
        """The project that new tasks belong to, where they name none."""
        self._namespaces = {
            name: Namespace(name, self)
            for name in dict.fromkeys(operation.name.partition(".")[0] for operation in operations)
        }

    @functools.cached_property
    def catalogue(self) -> Catalogue:
        """Return what MCP servers offer, as far as this client has seen it."""
        return Catalogue(self)

    @functools.cached_property
    def capabilities(self) -> list[CapabilityInfo]:
        """Return what can be done here; asked of the platform once."""
        listing = next(operation for operation in self.operations if operation.name == "oracles.list")
        oracles = self.transport.call(listing, {}).oracles
        return [capability for oracle in oracles for capability in oracle.capabilities]

    @property
    def tables(self) -> dict[str, str | None]:
        """Return for each capability the field of its result that holds rows."""
        return {known.name: known.table for known in self.capabilities}

    @property
    def text_fields(self) -> dict[str, str | None]:
        """Return for each task type and capability the field of its input that a free text goes to."""
        return {
            word: known.text_field for known in self.capabilities for word in (known.task_type, known.name)
        }

    def __getattr__(self, name: str) -> Namespace:
        if not name.startswith("_") and name in self._namespaces:
            return self._namespaces[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self._namespaces)}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._namespaces]

    def method(self, operation: Operation) -> Callable[..., Any]:
        """Return an operation as a documented function with a signature."""

        def values_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
            names = operation.path_names
            if len(args) > len(names):
                takes = f"{', '.join(names)} by place" if names else "no argument by place"
                raise TypeError(f"{operation.name} takes {takes}, the others by name")
            given = dict(zip(names, map(_id_of, args), strict=False))
            given |= {name: _id_of(value) for name, value in kwargs.items() if value is not None}
            if operation.name == "tasks.create" and self.open_project is not None:
                given.setdefault("project_id", self.open_project.id)
            return given

        transport = self.transport
        stream = transport.astream if self.is_async else transport.stream

        async def await_call(values: dict[str, Any]) -> Any:
            return self.wrap(await transport.acall(operation, values))

        def function(*args: Any, **kwargs: Any) -> Any:
            values = values_of(args, kwargs)
            if operation.kind == "stream":
                return stream(operation, values)
            return await_call(values) if self.is_async else self.wrap(transport.call(operation, values))

        function.__name__ = operation.name.partition(".")[2]
        function.__qualname__ = operation.name
        function.__doc__ = _documentation(operation)
        function.__signature__ = _signature(operation)  # type: ignore[attr-defined]
        return function

    def wrap(self, result: Any) -> Any:
        """Return a task with a handle around it, a tool's result that can be read easily, anything else as it is."""
        if isinstance(result, Task):
            handle = AsyncTaskHandle if self.is_async else TaskHandle
            return handle(self._namespaces["tasks"], result)
        if isinstance(result, ToolResult):
            return CallResult.of(result, functools.partial(payload_of, self))
        if isinstance(result, McpCapabilities):
            self.catalogue.keep(result)
        return result


def _id_of(value: Any) -> Any:
    """Return the id of a task or project that is given in place of one."""
    return value.id if isinstance(value, (Task, TaskHandle, AsyncTaskHandle, Project)) else value


def _signature(operation: Operation) -> inspect.Signature:
    parameters = []
    for name, field in operation.arguments.model_fields.items():
        in_path = name in operation.path_names
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if in_path else inspect.Parameter.KEYWORD_ONLY
        default = (
            inspect.Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)
        )
        parameters.append(inspect.Parameter(name, kind, default=default, annotation=field.annotation))
    return inspect.Signature(parameters, return_annotation=operation.result_type)


def _documentation(operation: Operation) -> str:
    lines = [operation.description, "", f"{operation.method} /vibe/api{operation.path}"]
    described = [(name, info.description) for name, info in operation.arguments.model_fields.items()]
    if described:
        lines += ["", "Args:", *(f"    {name}: {text or 'see above'}" for name, text in described)]
    return "\n".join(lines)
