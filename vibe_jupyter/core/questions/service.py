"""Ask a person and wait; answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.errors import Conflict, InvalidInput, VibeError
from vibe_jupyter.core.ids import new_id
from vibe_jupyter.core.json_schema.loading import load_checker
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.questions.forms import filled_in
from vibe_jupyter.core.questions.schemas import Answer, Question
from vibe_jupyter.core.storable import storable
from vibe_jupyter.core.tasks.process_identity import ProcessIdentity

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
        process: who waits for the answers; default: this process.
    """

    def __init__(
        self,
        store: QuestionStore,
        news: NewsBoard,
        note_task: Callable[[str, str, dict[str, Any]], Awaitable[None]],
        *,
        process: ProcessIdentity | None = None,
    ) -> None:
        self._store = store
        self._news = news
        self._note_task = note_task
        self._process = process
        self._asker: str | None = None

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
        asker = await self._own_name()
        at = datetime.now(UTC)
        question = Question(
            id=new_id(),
            kind=draft.kind,
            state="open",
            message=clean(draft.message, limit=4000, one_line=False),
            answer_schema=storable(draft.answer_schema),
            context=storable(draft.context),
            task_id=task_id,
            call_id=call_id,
            created_at=at,
            expires_at=at + timedelta(seconds=timeout_s),
        )
        is_open = True
        with self._news.subscribe(_topic(question.id)) as news:
            try:
                await self._store.insert(user_id, question, asker)
                self._news.publish(_topic_of(user_id))
                if task_id is not None:
                    await self._note_task(
                        task_id, "question", {"question_id": question.id, "message": question.message[:500]}
                    )
                deadline = time.monotonic() + timeout_s
                while True:
                    stored = await self._store.get(user_id, question.id)
                    is_open = stored.state == "open"
                    if not is_open:
                        return None if stored.answer is None else Answer.model_validate(stored.answer)
                    left_s = deadline - time.monotonic()
                    if left_s > 0:
                        await news.wait(min(_LOOK_S, left_s))
                    elif await self._store.end(user_id, question.id, "expired"):
                        is_open = False
                        return None
                    # else somebody has ended it since it was looked at: that may be an answer
            finally:
                if is_open:  # also if it was cancelled while it was stored: what is written follows in turn
                    with contextlib.suppress(VibeError):  # the platform is stopping: it expires by itself
                        await asyncio.shield(self._store.end(user_id, question.id, "withdrawn"))

    async def list(self, principal: Principal, query: QuestionsQuery) -> list[Question]:
        """Return the questions that a query asks for; waits for one if it is wanted."""
        await self._end_abandoned(principal.user_id)
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
        await self._end_abandoned(principal.user_id)
        return await self._store.get(principal.user_id, question_id)

    async def answer(self, principal: Principal, question_id: str, answer: Answer) -> Question:
        """Answer a question; the first answer counts.

        Raises:
            NotFound: `question.not_found`.
            Conflict: `question.already_answered`, `question.expired`.
            InvalidInput: `question.invalid_answer`; the question stays open.
        """
        question = await self.get(principal, question_id)
        if question.state == "open" and answer.action == "accept":
            await load_checker()
            answer = answer.model_copy(update={"content": self._content(question, answer)})
        if question.state == "open" and question.expires_at < datetime.now(UTC):
            raise Conflict(
                "nobody waits for an answer any more", code="question.expired", hint="ask for it again"
            )
        await self._store.answer(principal.user_id, question_id, answer.model_dump())
        self._news.publish(_topic(question_id))
        self._news.publish(_topic_of(principal.user_id))
        return await self._store.get(principal.user_id, question_id)

    async def _own_name(self) -> str:
        if self._asker is None:
            # On a thread: some systems tell it by a program.
            process = self._process
            if process is None:
                process = await asyncio.to_thread(ProcessIdentity.current)
            self._asker = orjson.dumps(asdict(process)).decode()
        return self._asker

    async def _end_abandoned(self, user_id: str) -> None:
        """End the questions of processes that have crashed: nobody waits for the answers."""
        for asker in await self._store.askers(user_id):
            if asker != self._asker and await asyncio.to_thread(_is_gone, asker):
                await self._store.abandon(user_id, asker)

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


def _is_gone(asker: str) -> bool:
    return ProcessIdentity(**orjson.loads(asker)).is_gone() is True


def _topic(question_id: str) -> str:
    return f"question {question_id}"


def _topic_of(user_id: str) -> str:
    return f"questions of {user_id}"
