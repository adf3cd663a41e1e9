"""What a tool answered, in a person's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, Unavailable
from vibe_jupyter.core.mcp.errors import ToolFailed
from vibe_jupyter.core.mcp.schemas import ToolResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CallResult", "raise_if_failed"]

_SHOWN_OF_FAILURE = 2000


class CallResult(ToolResult):
    """The result of a call: shown by a notebook, and readable without walking through its parts.

    >>> from vibe_jupyter.core.mcp.schemas import Content
    >>> result = CallResult(content=[Content(type="text", text="hi")], duration_ms=1, server="s", tool="t")
    >>> result.text
    'hi'
    """

    @property
    def text(self) -> str:
        """Return all of its text."""
        return "\n".join(part.text for part in self.content if part.text is not None)

    @property
    def data(self) -> Any:
        """Return its JSON: the structured content, else the text if that is JSON; None if there is none."""
        import json

        if self.structured_content is not None:
            return self.structured_content
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def to_pandas(self) -> pd.DataFrame:
        """Return its rows, if its JSON is a list of objects or has one.

        Raises:
            InvalidInput: `result.not_tabular`.
            Unavailable: `pandas.missing`.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise Unavailable(
                "pandas is not installed here", code="pandas.missing", hint="pip install pandas"
            ) from error
        data = self.data
        lists = [value for value in data.values() if _is_rows(value)] if isinstance(data, dict) else [data]
        if len(lists) != 1 or not _is_rows(lists[0]):
            raise InvalidInput(
                f"the result of {self.server}.{self.tool} is no table",
                code="result.not_tabular",
                hint="its data has no list of objects; see .data and .text",
            )
        return pd.DataFrame(lists[0])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from vibe_jupyter.widgets.rendering import mimebundle

        bundle: dict[str, Any] = mimebundle(self)
        return bundle


def raise_if_failed(result: CallResult) -> CallResult:
    """Return a result, if the tool does not say that it failed.

    Raises:
        ToolFailed: with what it says.
    """
    if result.is_error:
        said = result.text.strip()[:_SHOWN_OF_FAILURE] or "it does not say why"
        raise ToolFailed(
            f"{result.server}.{result.tool} failed: {said}",
            hint=f"%vibe mcp call {result.server}.{result.tool}? tells what it takes",
            data={"maybe_executed": True},
        )
    return result


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
