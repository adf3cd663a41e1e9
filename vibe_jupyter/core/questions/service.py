"""Ask a person and wait; answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import Conflict, InvalidInput, VibeError
from vibe_jupyter.core.ids import new_id
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.questions.forms import filled_in
from vibe_jupyter.core.questions.schemas import Answer, Question

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.events import NewsBoard
    from vibe_jupyter.core.questions.schemas import QuestionKind, QuestionsQuery
    from vibe_jupyter.core.questions.store import QuestionStore

__all__ = ["Draft", "QuestionService"]

_LOOK_S = 0.5
"""How soon what another process has written is seen."""

log = get_logger("questions")


@dataclass(frozen=True)
class Draft:
    """What shall be asked."""

    kind: QuestionKind
    message: str
    answer_schema: dict[str, Any] | None = None
    context: dict[str, Any] = field(default_factory=dict)


class QuestionService:
    """Behaviour of questions. Its methods may be called on any event loop.

    Args:
        note_task: tells a task's followers `(task_id, event type, data)`.
    """

    def __init__(
        self,
        store: QuestionStore,
        news: NewsBoard,
        note_task: Callable[[str, str, dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._store = store
        self._news = news
        self._note_task = note_task

    async def ask(
        self,
        user_id: str,
        draft: Draft,
        *,
        timeout_s: float,
        task_id: str | None = None,
        call_id: str | None = None,
    ) -> Answer | None:
        """Ask, and wait for the first answer; None if none has come in time.

        A caller that is cancelled withdraws the question.
        """
        at = datetime.now(UTC)
        question = Question(
            id=new_id(),
            kind=draft.kind,
            state="open",
            message=draft.message[:4000],
            answer_schema=draft.answer_schema,
            context=draft.context,
            task_id=task_id,
            call_id=call_id,
            created_at=at,
            expires_at=at + timedelta(seconds=timeout_s),
        )
        end = "withdrawn"
        with self._news.subscribe(_topic(question.id)) as news:
            await self._store.insert(user_id, question)
            try:
                self._news.publish(_topic_of(user_id))
                if task_id is not None:
                    await self._note_task(
                        task_id, "question", {"question_id": question.id, "message": draft.message[:500]}
                    )
                deadline = time.monotonic() + timeout_s
                while True:
                    stored = await self._store.get(user_id, question.id)
                    if stored.answer is not None:
                        return Answer.model_validate(stored.answer)
                    if stored.state != "open" or time.monotonic() >= deadline:
                        end = "expired"
                        return None
                    await news.wait(min(_LOOK_S, max(deadline - time.monotonic(), 0.01)))
            finally:
                with contextlib.suppress(VibeError):  # the platform is stopping: it expires by itself
                    await asyncio.shield(self._store.end(user_id, question.id, end))

    async def list(self, principal: Principal, query: QuestionsQuery) -> list[Question]:
        """Return the questions that a query asks for; waits for one if it is wanted."""
        with self._news.subscribe(_topic_of(principal.user_id)) as news:
            deadline = time.monotonic() + query.wait_s
            while True:
                found = await self._store.list(principal.user_id, query)
                left_s = deadline - time.monotonic()
                if found or left_s <= 0:
                    return found
                await news.wait(min(_LOOK_S, left_s))

    async def get(self, principal: Principal, question_id: str) -> Question:
        """Return a question."""
        return await self._store.get(principal.user_id, question_id)

    async def answer(self, principal: Principal, question_id: str, answer: Answer) -> Question:
        """Answer a question; the first answer counts.

        Raises:
            NotFound: `question.not_found`.
            Conflict: `question.already_answered`, `question.expired`.
            InvalidInput: `question.invalid_answer`; the question stays open.
        """
        question = await self._store.get(principal.user_id, question_id)
        if question.state == "open" and answer.action == "accept":
            answer = answer.model_copy(update={"content": self._content(question, answer)})
        if question.state == "open" and question.expires_at < datetime.now(UTC):
            raise Conflict(
                "nobody waits for an answer any more", code="question.expired", hint="ask for it again"
            )
        await self._store.answer(principal.user_id, question_id, answer.model_dump())
        self._news.publish(_topic(question_id))
        self._news.publish(_topic_of(principal.user_id))
        return await self._store.get(principal.user_id, question_id)

    async def prune(self, before: str) -> None:
        """Delete old questions."""
        await self._store.prune(before)

    @staticmethod
    def _content(question: Question, answer: Answer) -> dict[str, Any] | None:
        if question.kind == "approval":
            given = answer.content or {}
            if set(given) - {"arguments"} or not isinstance(given.get("arguments", {}), dict):
                raise InvalidInput(
                    "content: an approval takes nothing but changed arguments",
                    code="question.invalid_answer",
                    hint='e.g. {"arguments": {"path": "a.txt"}}',
                    errors=[{"loc": ["content"], "msg": "only arguments"}],
                )
            return given or None
        return (
            None
            if question.answer_schema is None
            else filled_in(question.answer_schema, answer.content or {})
        )


def _topic(question_id: str) -> str:
    return f"question {question_id}"


def _topic_of(user_id: str) -> str:
    return f"questions of {user_id}"
