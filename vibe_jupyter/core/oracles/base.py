"""What an oracle is, and what the platform gives it while it runs.

An oracle is a deterministic local target: it needs no model and no network. A third party registers one under
the entry point group `vibe_jupyter.oracles`. A module that declares one stays import-light (pydantic and the
standard library at module level; anything heavy is imported inside `run`), because the declarations are loaded
with the platform.

>>> class Count(Oracle):
...     id = "line_count"
...     title = "Count the lines of a file"
...     capabilities = (Capability("file.count", "Count lines", CountInput, CountOutput, text_field="path"),)
...     async def run(self, context, input):
...         path = context.resolve(input.path)
...         return CountOutput(lines=await context.in_process(count_lines, path))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydantic import SecretStr

    from vibe_jupyter.core.mcp.schemas import ToolResult

__all__ = ["Capability", "Context", "Oracle", "Part", "Progress"]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Capability:
    """Something that can be done, under the field's dotted name.

    Args:
        name: `area.verb`, e.g. `file.search`; the task type `file_search` is an alias of it.
        summary: one line that says what it does, for people and for the ranked-words match.
        input: the model that a task's `input` is validated against before the task is accepted.
        output: the model of the result.
        text_field: the field of `input` that a free text goes to; None if the capability takes no text.
        examples: what a person would type to get this, for the ranked-words match of free text.
        table: the field of the result that is a list of rows, for `.to_pandas()`; None if nothing is tabular.
        only_by_name: whether no free text is ever matched with it: another capability takes those and passes them on.
        recognizes: whether a free text is surely meant for this; asked before any words are compared. Nothing that
            only might fit may be recognized.
        by_words: whether a free text that fits goes there at once; else it is offered, to be chosen by its name.
    """

    name: str
    summary: str
    input: type[BaseModel]
    output: type[BaseModel]
    text_field: str | None = None
    examples: tuple[str, ...] = ()
    table: str | None = None
    by_words: bool = True
    only_by_name: bool = False
    recognizes: Callable[[str], bool] | None = None

    @property
    def task_type(self) -> str:
        """Return the name a person types: `file.search` -> `file_search`."""
        return self.name.replace(".", "_")

    @property
    def fields(self) -> dict[str, bool]:
        """Return the fields of its input, each with whether it must be given."""
        return {name: info.is_required() for name, info in self.input.model_fields.items()}

    @property
    def input_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its input."""
        return self.input.model_json_schema()

    def read(self, values: dict[str, Any]) -> BaseModel:
        """Return a task's input as `run` gets it.

        Raises:
            ValidationError, InvalidInput: what is wrong with it; places are inside the input.
        """
        return self.input.model_validate(values)

    def unknown(self, values: dict[str, Any]) -> list[str]:
        """Return the fields of an input that mean nothing here."""
        return sorted(set(values) - set(self.input.model_fields))


class Part(BaseModel):
    """A rich part of a result, beside its JSON: `data` is text, or base64 for a binary media type."""

    media_type: str
    data: str
    name: str | None = None


@dataclass(frozen=True)
class Progress:
    """How far a task is: `fraction` in [0, 1] or None when unknown, a short message, and facts as JSON."""

    fraction: float | None = None
    message: str = ""
    data: dict[str, Any] | None = None


class Context(Protocol):
    """What a running oracle may use. All methods may be called from any thread of this process."""

    task_id: str
    user_id: str
    capability: str
    root: Path
    """The folder that relative paths are resolved against; absolute."""
    data_dir: Path
    """Where the platform keeps its own files, for an index that an oracle maintains."""

    def progress(self, fraction: float | None, message: str = "", **data: Any) -> None:
        """Tell how far the work is; cheap, may be called often (the platform thins it out)."""

    def resolve(self, path: str) -> Path:
        """Return an absolute path inside the allowed roots.

        Raises:
            NotFound: `path.not_found`, with similar names as a hint.
            Forbidden: `path.outside_root`.
        """

    def add_part(self, part: Part) -> None:
        """Attach a rich part (Markdown, an image, ...) to the result."""

    async def in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a short blocking call in a named thread pool; it cannot be stopped once it runs."""

    async def in_process(self, function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
        """Run blocking or untrusted work in a worker process, which is killed on cancel and time-out.

        `function` is a module-level function and gets a `report` keyword if it takes one:
        `report(fraction, message, **data)` carries progress back. Arguments and result are pickled.
        """

    async def call_tool(
        self, server: str, tool: str, arguments: dict[str, Any], *, timeout_s: float | None = None
    ) -> ToolResult:
        """Call a tool of one of the user's MCP servers; its progress is told as the task's.

        A tool that failed says so in `is_error`. The call may ask a person something first.

        Raises:
            VibeError: why there is no answer; see `core.mcp.errors`.
        """

    async def secret(self, name: str, *, why: str) -> SecretStr:
        """Return one of the user's secrets: of the task's project, their own, or what the environment has.

        The platform masks it in the result, in progress and in errors; it belongs in no argument of `in_process`.

        Args:
            name: e.g. `GITHUB_TOKEN`.
            why: what it is for, as the beginning of a sentence: `pushing to GitHub`.

        Raises:
            CredentialMissing: `secrets.missing`, with the command that asks for it.
        """

    async def history(self, *, after: str | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        """Return ended tasks of this user in the order of their end, for an index over them.

        Each is the task as the API shows it plus `cursor`; pass the last one's cursor as `after` to go on.
        """


class Oracle(ABC):
    """A deterministic local target. Subclasses set the class attributes and write `run`."""

    id: str
    title: str
    capabilities: tuple[Capability, ...]
    idempotent: bool = True
    """Whether running it twice does no harm; one that is not is failed, never re-run, after a crash."""
    concurrency: int | None = None
    """At most so many of its tasks at once in a process; None for no limit of its own."""

    @abstractmethod
    async def run(self, context: Context, input: BaseModel) -> BaseModel:
        """Do the work and return an instance of the capability's output model.

        Raise a `VibeError` subclass with a code and hint for what the person can mend. Let
        `asyncio.CancelledError` through.
        """
