"""The result of a task as an object whose fields are attributes; that of a tool's task also fetches what is large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.tool_results import CallResult
from vibe_jupyter.core.mcp.schemas import ToolResult

if TYPE_CHECKING:
    import pandas as pd

    from vibe_jupyter.client.tool_results import Fetch
    from vibe_jupyter.core.tasks.schemas import Task

__all__ = ["Record", "ToolRecord", "as_record", "record_of"]


class Record(dict[str, Any]):
    """A JSON object whose fields are attributes too: `match.path` is `match["path"]`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no field {name!r}; there are {', '.join(self)}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


class ToolRecord(Record):
    """What a tool answered to a task: a record that reads like a `CallResult`, too.

    Attributes fetch what was too large to be stored with the task; as a dict it has what is stored.
    """

    READABLE = ("structured_content", "text", "data")
    """What is read as an attribute, and may be fetched for that."""
    _call: CallResult

    @classmethod
    def of(cls, result: dict[str, Any], fetch: Fetch) -> ToolRecord:
        """Return a result as one that fetches its large parts."""
        made = cls({key: as_record(item) for key, item in result.items()})
        made.__dict__["_call"] = CallResult.of(ToolResult.model_validate(result), fetch)
        return made

    @property
    def text(self) -> str:
        """See `CallResult.text`."""
        return self._call.text

    @property
    def data(self) -> Any:
        """See `CallResult.data`, with attributes."""
        return as_record(self._call.data)

    @property
    def structured_content(self) -> Any:
        """See `CallResult.structured_content`, with attributes."""
        return as_record(self._call.structured_content)

    def to_pandas(self) -> pd.DataFrame:
        """See `CallResult.to_pandas`."""
        return self._call.to_pandas()


def as_record(value: Any) -> Any:
    """Return JSON with every object in it as a `Record`."""
    if isinstance(value, dict):
        return Record({key: as_record(item) for key, item in value.items()})
    if isinstance(value, list):
        return [as_record(item) for item in value]
    return value


def record_of(task: Task, fetch: Fetch) -> Any:
    """Return the result of a task as a record."""
    is_tools = task.target is not None and task.target.type == "mcp"
    if is_tools and isinstance(task.result, dict) and "content" in task.result:
        return ToolRecord.of(task.result, fetch)
    return as_record(task.result)
