"""The one registry from a value to its document: by type for models, by task type for results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from vibe_jupyter.core.tasks.schemas import Task
from vibe_jupyter.widgets.rendering.document import Block, Line, Text
from vibe_jupyter.widgets.rendering.generic import generic

__all__ = ["Renderer", "document", "register", "result_document", "result_summary", "task_of"]

Blocks: TypeAlias = Iterable[Block]

_PACKAGE = "vibe_jupyter.widgets.rendering"
_BUILT_IN_TYPES = {
    "vibe_jupyter.core.tasks.schemas.Task": "tasks",
    "vibe_jupyter.core.tasks.schemas.TaskEvent": "progress",
    "vibe_jupyter.core.tasks.schemas.History": "tasks",
    "vibe_jupyter.core.tasks.schemas.TaskError": "errors",
    "vibe_jupyter.core.tasks.schemas.Explanation": "explanation",
    "vibe_jupyter.core.errors.VibeError": "errors",
    "vibe_jupyter.core.oracles.schemas.OracleInfo": "oracles",
    "vibe_jupyter.core.oracles.schemas.OracleList": "oracles",
    **dict.fromkeys(
        (
            f"vibe_jupyter.core.mcp.schemas.{name}"
            for name in ("ImportResult", "McpHealth", "McpList", "McpLogs", "McpServer")
        ),
        "mcp_servers",
    ),
    "vibe_jupyter.core.mcp.schemas.McpCapabilities": "mcp_offers",
    "vibe_jupyter.core.mcp.schemas.ToolSearch": "mcp_offers",
    "vibe_jupyter.core.mcp.schemas.ToolResult": "contents",
    "vibe_jupyter.core.mcp.schemas.ResourceResult": "contents",
    "vibe_jupyter.core.mcp.schemas.PromptResult": "contents",
    "vibe_jupyter.core.operations.Document": "contents",
    **dict.fromkeys(
        (f"vibe_jupyter.core.kg.schemas.{name}" for name in ("KgGenerated", "KgInfo", "KgList", "KgStatus")),
        "graphs",
    ),
    **dict.fromkeys(
        (
            *(
                f"vibe_jupyter.core.kg.schemas.{name}"
                for name in ("KgImpact", "KgPath", "KgRelations", "KgSymbols")
            ),
            *(
                f"vibe_jupyter.core.kg.question_schemas.{name}"
                for name in ("KgCentral", "KgCycles", "KgDataUses", "KgTests", "KgUnused", "KgWho")
            ),
        ),
        "graph_questions",
    ),
    "vibe_jupyter.client.query_answers.Table": "graphs",
    **dict.fromkeys(
        (
            f"vibe_jupyter.core.projects.schemas.{name}"
            for name in (
                "Checkpoint",
                "CheckpointList",
                "Diff",
                "FileChange",
                "FileList",
                "Project",
                "ProjectList",
                "TemplateList",
                "Undone",
            )
        ),
        "projects",
    ),
    "vibe_jupyter.core.questions.schemas.Question": "questions",
    "vibe_jupyter.core.questions.schemas.QuestionList": "questions",
    "vibe_jupyter.core.secrets.schemas.SecretInfo": "secrets",
    "vibe_jupyter.core.secrets.schemas.SecretList": "secrets",
    "vibe_jupyter.core.accounts.schemas.Profile": "platform",
    "vibe_jupyter.core.status.schemas.Health": "platform",
    "vibe_jupyter.core.status.schemas.Status": "platform",
    "vibe_jupyter.core.doctor.check.Check": "checks",
    "vibe_jupyter.core.config.EffectiveSetting": "config",
    "vibe_jupyter.client.demo.DemoReport": "demo",
    f"{_PACKAGE}.mcp_cards.ForgottenServer": "mcp_servers",
    f"{_PACKAGE}.mcp_cards.ImportPreview": "mcp_servers",
    f"{_PACKAGE}.mcp_cards.PromptListing": "mcp_offers",
    f"{_PACKAGE}.mcp_cards.ResourceListing": "mcp_offers",
    f"{_PACKAGE}.mcp_cards.ToolHelp": "mcp_offers",
    f"{_PACKAGE}.cards.StatusCard": "platform",
    f"{_PACKAGE}.cards.ProgressLine": "progress",
}
"""By the name of a type the module that shows it: neither is imported before there is one to be shown."""
_BUILT_IN_RESULTS = (
    "data_profile",
    "environment_health",
    "file_search",
    "kg_generate",
    "mcp_tool",
    "notebook_query",
    "project_clone",
    "project_pull_request",
    "project_push",
    "project_stats",
    "task_search",
)


@dataclass(frozen=True)
class Renderer:
    """How one kind of value is shown.

    Args:
        blocks: makes the document of a value.
        summary: says it in a few words, for the line above a result: `7 matches in 3 files`.
        model: results are validated by it first; one that does not fit is shown as any other JSON.
        many: makes one document of a list of such values.
    """

    blocks: Callable[[Any], Blocks]
    summary: Callable[[Any], str] | None = None
    model: type[BaseModel] | None = None
    many: Callable[[Sequence[Any]], Blocks] | None = None


_by_type: dict[type, Renderer] = {}
_by_task_type: dict[str, Renderer] = {}


def register(
    key: type | str,
    blocks: Callable[[Any], Blocks],
    *,
    summary: Callable[[Any], str] | None = None,
    model: type[BaseModel] | None = None,
    many: Callable[[Sequence[Any]], Blocks] | None = None,
) -> None:
    """Say how a type, or the result of a task type, is shown; the last one registered counts.

    >>> from vibe_jupyter.widgets.rendering import Line, as_text, register
    >>> register("line.count", lambda result: [Line(f"{result['lines']:,} lines")])

    Args:
        key: a class (also for its subclasses), or a task type or capability: `line_count`, `line.count`.
        blocks: makes the document; see `vibe_jupyter.widgets.rendering.document`.
        summary: the result in a few words.
        model: validates a result and is what `blocks` and `summary` get.
        many: makes the document of a list of values of the class.
    """
    renderer = Renderer(blocks, summary, model, many)
    if isinstance(key, str):
        _by_task_type[_task_type(key)] = renderer
    else:
        _by_type[key] = renderer


def document(value: Any) -> list[Block]:
    """Return what is shown of any value."""
    renderer = _for_type(type(value))
    if renderer is None:
        value = task_of(value)
        renderer = _for_type(type(value))
    if renderer is not None:
        return list(renderer.blocks(value))
    if isinstance(value, (list, tuple)) and value:
        renderer = _for_type(type(value[0]))
        if renderer and renderer.many and len({type(item) for item in value}) == 1:
            return list(renderer.many(value))
    return generic(_plain(value))


def result_document(task: Task) -> list[Block]:
    """Return what is shown of a task's result."""
    if task.result is None:
        return []
    renderer = _for_task(task)
    if renderer is None:
        return generic(task.result)
    try:
        return list(renderer.blocks(_validated(renderer, task.result)))
    except Exception as error:  # noqa: BLE001 - a third party's renderer must not hide the result it shows
        return [*generic(task.result), _apology(error)]


def result_summary(task: Task) -> str:
    """Return a task's result in a few words, empty if there are none for it."""
    renderer = _for_task(task)
    if renderer is None or renderer.summary is None or task.result is None:
        return ""
    try:
        return renderer.summary(_validated(renderer, task.result))
    except Exception:  # noqa: BLE001 - said by `result_document`
        return ""


def _plain(value: Any) -> Any:
    """Return models as their JSON, also in lists; anything else as it is."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def task_of(value: Any) -> Any:
    """Return the task in a handle."""
    if isinstance(value, (Task, dict, list, tuple)):
        return value
    task = getattr(value, "task", None)
    return task if isinstance(task, Task) else value


def _validated(renderer: Renderer, result: Any) -> Any:
    return result if renderer.model is None else renderer.model.model_validate(result)


def _apology(error: Exception) -> Line:
    reason = (
        "the result has another shape than expected" if isinstance(error, ValidationError) else repr(error)
    )
    return Line(Text(f"shown plainly: {reason}", "muted"))


def _task_type(name: str) -> str:
    return name.replace(".", "_")


def _for_task(task: Task) -> Renderer | None:
    name = _task_type(task.capability or task.type)
    if name not in _by_task_type and name.startswith("mcp_"):
        name = "mcp_tool"
    if name not in _by_task_type and name in _BUILT_IN_RESULTS:
        renderer: Renderer = import_module(f"{_PACKAGE}.results.{name}").RENDERER
        _by_task_type[name] = renderer
    elif name not in _by_task_type and name.startswith("kg_"):
        _by_task_type.update(import_module(f"{_PACKAGE}.results.kg_questions").RENDERERS)
    return _by_task_type.get(name)


def _for_type(kind: type) -> Renderer | None:
    for base in kind.__mro__:
        if base not in _by_type:
            module = _BUILT_IN_TYPES.get(f"{base.__module__}.{base.__qualname__}")
            if module is None:
                continue
            _by_type[base] = import_module(f"{_PACKAGE}.{module}").RENDERERS[base]
        return _by_type[base]
    return None
