"""Which questions of a call or task are open: looked at in the background while somebody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.pending import in_background
from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable, Iterator

    from vibe_jupyter.client.namespaces import BaseClient
    from vibe_jupyter.core.questions.schemas import Question

__all__ = ["QuestionWatch"]

_LONG_POLL_S = 20.0
_LOOK_S = 0.5
"""How soon it is noticed that an open question was answered elsewhere."""


class QuestionWatch:
    """Tells of each new question, once.

    Args:
        put: told each question, or the error by which the watch has ended; from another thread.
        about: `call_id` or `task_id`, with its value.
    """

    def __init__(self, client: BaseClient, put: Callable[[Question | VibeError], None], **about: str) -> None:
        self._transport = client.transport
        self._listing = next(one for one in client.operations if one.name == "questions.list")
        self._put = put
        self._about = about
        self._known: set[str] = set()
        self._asked: tuple[str, Callable[[], None]] | None = None
        self._future: concurrent.futures.Future[None] | None = None

    def start(self) -> None:
        """Begin to look; a second call does nothing."""
        if self._future is None:
            self._future = in_background(self._look())

    def stop(self) -> None:
        """Look no more."""
        if self._future is not None:
            self._future.cancel()

    @contextlib.contextmanager
    def asking(self, question_id: str, end: Callable[[], None]) -> Iterator[None]:
        """While a question is being asked, call `end` if it is not open any more."""
        self._asked = (question_id, end)
        try:
            yield
        finally:
            self._asked = None

    async def _look(self) -> None:
        while True:
            is_waiting = bool(self._known)
            query: dict[str, Any] = {**self._about, "wait_s": 0 if is_waiting else _LONG_POLL_S}
            try:
                found = (await self._transport.acall(self._listing, query)).questions
            except VibeError as error:
                self._put(error)
                self._end_unless(frozenset())
                return
            for question in found:
                if question.id not in self._known:
                    self._known.add(question.id)
                    self._put(question)
            still_open = frozenset(question.id for question in found)
            self._known &= still_open
            self._end_unless(still_open)
            if self._known:
                await asyncio.sleep(_LOOK_S)

    def _end_unless(self, still_open: frozenset[str]) -> None:
        asked = self._asked
        if asked is not None and asked[0] not in still_open:
            asked[1]()
