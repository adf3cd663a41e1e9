"""The type stub of the client, so that its methods complete and type-check without running anything."""

from __future__ import annotations

import inspect
import re
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

from generation.annotations import Names
from vibe_jupyter.client import api
from vibe_jupyter.core.mcp.schemas import ToolResult
from vibe_jupyter.core.table import OPERATIONS
from vibe_jupyter.core.tasks.schemas import Task

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from vibe_jupyter.core.operations import Operation

__all__ = ["client_stub"]

_WIDTH = 110
_HEAD = '''\
# Made by `python scripts/generate.py` from the operation table: do not edit.
# ruff: noqa: A002, PYI021, PYI030 - arguments have the API's names; an editor shows these docstrings, and only these
"""The client as type checkers and editors see it: every operation with its arguments and its result."""
'''
_SHARED = '''\
    """{doc}"""

    aio: AsyncVibeClient
    is_async: bool
    mcp: Servers
    open_project: Project | None
    operations: tuple[Operation, ...]
    transport: Transport
'''
_MEMBERS = '''\
    def __init__(self, transport: Transport) -> None: ...
    @property
    def capabilities(self) -> list[CapabilityInfo]:
        """What can be done here; asked of the platform once."""
    @property
    def catalogue(self) -> Catalogue:
        """What MCP servers offer, as far as this client has seen it."""
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
'''
_SYNC_ONLY = '''\
    @property
    def where(self) -> str:
        """Where the platform runs, in a phrase."""
    def close(self) -> None:
        """Let go of connections."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
'''


def client_stub() -> str:
    """Return the text of `vibe_jupyter/client/api.pyi`."""
    names = Names()
    for module, name in _USED:
        names.imported(module, name)
    slices: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        slices[operation.name.partition(".")[0]].append(operation)
    classes = [
        *(_namespace(slice_, group, names, is_async=False) for slice_, group in slices.items()),
        *(_namespace(slice_, group, names, is_async=True) for slice_, group in slices.items()),
        _client("VibeClient", list(slices), names),
        _client("AsyncVibeClient", list(slices), names),
    ]
    parts = [
        _HEAD,
        _imports(names),
        '__all__ = ["AsyncVibeClient", "VibeClient", "connect"]\n',
        "_List: TypeAlias = list\n_TaskId: TypeAlias = str | Task | TaskHandle | AsyncTaskHandle\n",
        *classes,
        _connect(names),
    ]
    return "\n".join(parts)


_USED = (
    ("collections.abc", "Callable"),
    ("typing", "Any"),
    ("typing", "Self"),
    ("typing", "TypeAlias"),
    ("vibe_jupyter.client.catalogue", "Catalogue"),
    ("vibe_jupyter.client.handles", "AsyncTaskHandle"),
    ("vibe_jupyter.client.handles", "TaskHandle"),
    ("vibe_jupyter.client.servers", "AsyncServers"),
    ("vibe_jupyter.client.servers", "Servers"),
    ("vibe_jupyter.client.tool_results", "CallResult"),
    ("vibe_jupyter.client.transport", "Transport"),
    ("vibe_jupyter.core.operations", "Operation"),
    ("vibe_jupyter.core.oracles.schemas", "CapabilityInfo"),
    ("vibe_jupyter.core.projects.schemas", "Project"),
    ("vibe_jupyter.core.tasks.schemas", "Task"),
)
"""What the fixed parts need."""


def _client(name: str, slices: list[str], names: Names) -> str:
    is_async = name == "AsyncVibeClient"
    doc = inspect.getdoc(getattr(api, name)) or ""
    shared = _SHARED.format(doc=doc.splitlines()[0])
    if is_async:
        shared = shared.replace("    aio: AsyncVibeClient\n", "").replace(": Servers", ": AsyncServers")
    fields = "".join(f"    {slice_}: {_class_of(slice_, is_async=is_async)}\n" for slice_ in slices)
    return f"class {name}:\n{shared}{fields}\n{_MEMBERS}{'' if is_async else _SYNC_ONLY}"


def _class_of(slice_: str, *, is_async: bool) -> str:
    return f"_{'Async' if is_async else ''}{slice_.title()}"


def _namespace(slice_: str, group: list[Operation], names: Names, *, is_async: bool) -> str:
    methods = "".join(_method(operation, names, is_async=is_async) for operation in group)
    if any(operation.name == f"{slice_}.list" for operation in group):  # inside, `list` is the method
        methods = re.sub(r"\blist\[", "_List[", methods)
    return f"class {_class_of(slice_, is_async=is_async)}:\n{methods}"


def _method(operation: Operation, names: Names, *, is_async: bool) -> str:
    fields = operation.arguments.model_fields
    in_path = [f"{name}: {'_TaskId' if name == 'task_id' else 'str'}" for name in operation.path_names]
    by_name = [
        _parameter(name, info, names) for name, info in fields.items() if name not in operation.path_names
    ]
    parameters = ["self", *in_path, *(["*", *by_name] if by_name else [])]
    prefix = "async def" if is_async and operation.kind != "stream" else "def"
    head = f"    {prefix} {operation.name.partition('.')[2]}("
    tail = f") -> {_result(operation, names, is_async=is_async)}:"
    line = f"{head}{', '.join(parameters)}{tail}"
    if len(line) > _WIDTH:
        line = "\n".join([head, *(f"        {parameter}," for parameter in parameters), f"    {tail}"])
    return f'{line}\n        """{operation.summary}"""\n'


def _parameter(name: str, info: FieldInfo, names: Names) -> str:
    declared = f"{name}: {names.source_of(info.annotation)}"
    if info.is_required():
        return declared
    default = info.default
    if isinstance(default, str):
        return f'{declared} = "{default}"'
    is_plain = default is None or isinstance(default, (bool, int, float))
    return f"{declared} = {default!r}" if is_plain else f"{declared} = ..."


def _result(operation: Operation, names: Names, *, is_async: bool) -> str:
    if operation.kind == "stream":
        kind = names.imported("collections.abc", "AsyncIterator" if is_async else "Iterator")
        return f"{kind}[{names.source_of(operation.result_type)}]"
    if operation.result_type is Task:
        return "AsyncTaskHandle" if is_async else "TaskHandle"
    if operation.result_type is ToolResult:
        return "CallResult"
    return names.source_of(operation.result_type)


def _connect(names: Names) -> str:
    signature = inspect.signature(api.connect)
    parameters = ", ".join(map(str, signature.parameters.values()))
    doc = (inspect.getdoc(api.connect) or "").splitlines()[0]
    return f'def connect({parameters}) -> VibeClient:\n    """{doc}"""\n'.replace("'", "")


def _imports(names: Names) -> str:
    """Return the import lines as the linter sorts them: the standard library first, constants before classes."""

    def line(module: str) -> str:
        wanted = sorted(names.imports[module])
        whole = f"from {module} import {', '.join(wanted)}\n"
        if len(whole) <= _WIDTH + 1:
            return whole
        return "".join([f"from {module} import (\n", *(f"    {name},\n" for name in wanted), ")\n"])

    def lines(modules: list[str]) -> str:
        return "".join(map(line, sorted(modules)))

    own = [module for module in names.imports if module.startswith("vibe_jupyter")]
    standard = [module for module in names.imports if module.partition(".")[0] in sys.stdlib_module_names]
    others = [module for module in names.imports if module not in (*own, *standard)]
    return "\n".join(lines(modules) for modules in (standard, others, own) if modules)
