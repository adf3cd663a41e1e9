"""Takes a server's secrets out of what is told of it: a server may say them itself, on standard error or in answers."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.masking import MASK, MIN_SECRET, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vibe_jupyter.core.mcp.schemas import ToolResult
    from vibe_jupyter.core.mcp.spec import SessionHealth

    T = TypeVar("T")

__all__ = ["Veil"]

_SHORTEST_CUT = 200
"""Nothing is cut off where a text is shorter."""


class Veil:
    """Puts *** in the place of secrets.

    >>> Veil(["s3cret-value"]).text("no such user: s3cret-value")
    'no such user: ***'
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self.secrets = frozenset(secret for secret in secrets if len(secret) >= MIN_SECRET)
        spelled = {spelling for secret in self.secrets for spelling in spellings(secret)}
        self._longest_first = sorted(spelled, key=lambda one: (-len(one), one))
        self._any = re.compile("|".join(map(re.escape, self._longest_first))) if spelled else None

    def text(self, text: str) -> str:
        """Return a text without secrets; a long one may have been cut off in the middle of one, which counts too."""
        if self._any is None or len(text) < MIN_SECRET:
            return text
        text = self._any.sub(MASK, text)
        if len(text) < _SHORTEST_CUT:
            return text
        for secret in self._longest_first:
            for length in range(min(len(secret) - 1, len(text)), MIN_SECRET - 1, -1):
                if text.endswith(secret[:length]):
                    return text[:-length] + MASK
        return text

    def value(self, value: T) -> T:
        """Return JSON, in which no text has secrets."""
        if self._any is None:
            return value
        veiled: object = value
        if isinstance(value, str):
            veiled = self.text(value)
        elif isinstance(value, dict):
            veiled = {self.value(key): self.value(item) for key, item in value.items()}
        elif isinstance(value, list | tuple):
            veiled = type(value)(map(self.value, value))
        return veiled  # type: ignore[return-value]

    def health(self, health: SessionHealth) -> SessionHealth:
        """Return how a session is."""
        if self._any is None:
            return health
        last_error = None if health.last_error is None else self.text(health.last_error)
        return replace(health, last_error=last_error, stderr=self.value(health.stderr))

    def failure(self, result: ToolResult) -> ToolResult:
        """Return a result; if it says that the tool failed, it is an error like others."""
        if self._any is None or not result.is_error:
            return result
        content = [one.model_copy(update={"text": self.value(one.text)}) for one in result.content]
        structured = self.value(result.structured_content)
        return result.model_copy(update={"content": content, "structured_content": structured})

    @contextlib.contextmanager
    def over(self) -> Iterator[None]:
        """Take secrets out of the error that leaves the block."""
        try:
            yield
        except VibeError as error:
            error.message, error.hint = self.text(error.message), self.value(error.hint)
            error.errors, error.data = self.value(error.errors), self.value(error.data)
            error.args = (error.message,)
            raise
