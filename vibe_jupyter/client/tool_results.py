"""What a tool answered, in a person's hands."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import PrivateAttr

from vibe_jupyter.core.errors import Failed, InvalidInput, Unavailable, VibeError
from vibe_jupyter.core.mcp.errors import ToolFailed
from vibe_jupyter.core.mcp.schemas import MORE_CONTENT, STRUCTURED_CONTENT, Content, ToolResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CallResult", "Fetch", "raise_if_failed"]

_SHOWN_OF_FAILURE = 2000
Fetch = Callable[[str], bytes]
"""Returns the payload with a handle."""


class CallResult(ToolResult):
    """The result of a call: shown by a notebook, and readable without walking through its parts.

    What was too large to come with it is fetched when `text`, `data`, `structured_content` or `to_pandas()` first
    needs it; its `content` has the parts as they came, with the beginning and the handle of such a one.

    >>> from vibe_jupyter.core.mcp.schemas import Content
    >>> result = CallResult(content=[Content(type="text", text="hi")], duration_ms=1, server="s", tool="t")
    >>> result.text
    'hi'
    """

    _fetch: Fetch | None = PrivateAttr(default=None)
    _fetched: dict[str, Any] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, result: ToolResult, fetch: Fetch) -> CallResult:
        """Return a result as one that fetches its large parts."""
        made = cls.model_construct(**dict(result))
        if any(part.handle for part in result.content):
            made._fetch = fetch
        return made

    if not TYPE_CHECKING:  # to a type checker it is the field that it is

        def __getattribute__(self, name: str) -> Any:
            """Return the structured content also if it was kept in a file; what is stored stays small."""
            value = super().__getattribute__(name)
            if name == "structured_content" and value is None:
                return self._kept_structure()
            return value

    @property
    def text(self) -> str:
        """Return all of its text.

        Raises:
            VibeError: if a part that was too large to come with it cannot be fetched; it names the handle.
        """
        return "\n".join(text for part in self.content for text in self._texts_of(part))

    @property
    def data(self) -> Any:
        """Return its JSON: the structured content, else the text if that is JSON; None if there is none.

        Raises:
            VibeError: if a part that was too large to come with it cannot be fetched; it names the handle.
        """
        structured = self.structured_content
        if structured is not None:
            return structured
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    def to_pandas(self) -> pd.DataFrame:
        """Return its rows, if its JSON is a list of objects or has one.

        Raises:
            InvalidInput: `result.not_tabular`.
            Unavailable: `pandas.missing`.
            VibeError: if its rows were too large to come with it and cannot be fetched; it names the handle.
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

    def _kept_structure(self) -> Any:
        for part in self.content:
            if part.name == STRUCTURED_CONTENT and part.type == "resource" and part.handle:
                return self._json_of(part.handle)
        return None

    def _texts_of(self, part: Content) -> list[str]:
        if part.text is None or (part.name == STRUCTURED_CONTENT and part.handle):
            return []
        if part.handle is None:
            return [part.text]
        if part.name == MORE_CONTENT:
            more = self._json_of(part.handle)
            return [text for block in more if isinstance(text := _text_in(block), str)]
        if part.handle not in self._fetched:
            self._fetched[part.handle] = self._payload(part.handle).decode("utf-8", "replace")
        return [self._fetched[part.handle]]

    def _json_of(self, handle: str) -> Any:
        if handle not in self._fetched:
            self._fetched[handle] = json.loads(self._payload(handle))
        return self._fetched[handle]

    def _payload(self, handle: str) -> bytes:
        what = f"the whole result of {self.server}.{self.tool}, payload {handle},"
        if self._fetch is None:
            raise Failed(
                f"{what} cannot be fetched without a client",
                code="payload.no_client",
                hint=f"vibe.payloads.get({handle!r}) of a connected client has it",
            )
        try:
            return self._fetch(handle)
        except VibeError as error:
            error.message = f"{what} cannot be fetched: {error.message}"
            raise

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
        text = "\n".join(part.text for part in result.content if part.text is not None)
        said = text.strip()[:_SHOWN_OF_FAILURE] or "it does not say why"
        raise ToolFailed(
            f"{result.server}.{result.tool} failed: {said}",
            hint=f"%vibe mcp call {result.server}.{result.tool}? tells what it takes",
            data={"maybe_executed": True},
        )
    return result


def _text_in(block: Any) -> Any:
    """Return the text of a block as MCP spells it, or of the resource in it."""
    if not isinstance(block, dict):
        return None
    inner = block.get("resource")
    return inner.get("text") if isinstance(inner, dict) else block.get("text")


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)
