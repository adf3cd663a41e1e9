"""The SQL of questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from vibe_jupyter.core.database.models import Question as QuestionRow
from vibe_jupyter.core.database.models import table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import Conflict, NotFound
from vibe_jupyter.core.ids import now
from vibe_jupyter.core.questions.schemas import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection
    from vibe_jupyter.core.questions.schemas import QuestionsQuery

__all__ = ["QuestionStore"]

_QUESTIONS = table_of(QuestionRow)
_FIELDS = (
    "id", "kind", "state", "message", "answer_schema", "context", "task_id", "call_id", "answer", "created_at",
    "expires_at", "answered_at",
)  # fmt: skip
_COLUMNS = [_QUESTIONS.c[name] for name in _FIELDS]
_OF_USER = _QUESTIONS.c.user_id == sa.bindparam("of_user")
_IS = _QUESTIONS.c.id == sa.bindparam("of_id")
_INSERT = Statement(sa.insert(_QUESTIONS))
_GET = Statement(sa.select(*_COLUMNS).where(_OF_USER, _IS))
_END = Statement(
    sa.update(_QUESTIONS)
    .where(_OF_USER, _IS, _QUESTIONS.c.state == "open")
    .values(
        state=sa.bindparam("new_state"), answer=sa.bindparam("new_answer"), answered_at=sa.bindparam("at")
    )
)
_EXPIRE = Statement(
    sa.update(_QUESTIONS)
    .where(_QUESTIONS.c.state == "open", _QUESTIONS.c.expires_at < sa.bindparam("at"))
    .values(state="expired")
)
_IS_OPEN = _QUESTIONS.c.state == "open"
_ASKERS = Statement(
    sa.select(_QUESTIONS.c.asker).distinct().where(_OF_USER, _IS_OPEN, _QUESTIONS.c.asker.is_not(None))
)
_ABANDON = Statement(
    sa.update(_QUESTIONS)
    .where(_OF_USER, _IS_OPEN, _QUESTIONS.c.asker == sa.bindparam("of_asker"))
    .values(state="expired")
)
_PRUNE = Statement(sa.delete(_QUESTIONS).where(_QUESTIONS.c.created_at < sa.bindparam("before")))


def _listing(*, by_state: bool, by_task: bool, by_call: bool) -> Statement:
    where = [_OF_USER]
    if by_state:
        where.append(_QUESTIONS.c.state == sa.bindparam("of_state"))
    if by_task:
        where.append(_QUESTIONS.c.task_id == sa.bindparam("of_task"))
    if by_call:
        where.append(_QUESTIONS.c.call_id == sa.bindparam("of_call"))
    listed = sa.select(*_COLUMNS).where(*where).order_by(_QUESTIONS.c.created_at, _QUESTIONS.c.id)
    return Statement(listed.limit(sa.bindparam("up_to")))


_LISTINGS = {
    (state, task, call): _listing(by_state=state, by_task=task, by_call=call)
    for state in (False, True)
    for task in (False, True)
    for call in (False, True)
}


class QuestionStore:
    """Questions by id; another user's are not found."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def insert(self, user_id: str, question: Question, asker: str | None = None) -> None:
        """Store a new question; `asker` is the process that waits for its answer."""
        values = question.model_dump(mode="json", exclude={"answer", "answered_at"})
        for name in ("answer_schema", "context"):
            values[name] = None if values[name] is None else orjson.dumps(values[name]).decode()
        await self._db.write(
            lambda c: c.run(_INSERT, user_id=user_id, answer=None, answered_at=None, asker=asker, **values)
        )

    async def get(self, user_id: str, question_id: str) -> Question:
        """Return a question.

        Raises:
            NotFound: `question.not_found`.
        """
        row = await self._db.read(lambda c: c.first(_GET, of_user=user_id, of_id=question_id))
        if row is None:
            raise NotFound(
                f"there is no question {question_id}", code="question.not_found", hint="%vibe questions"
            )
        return _question(row)

    async def list(self, user_id: str, query: QuestionsQuery) -> list[Question]:
        """Return the questions that a query asks for, oldest first."""
        statement = _LISTINGS[query.state != "all", query.task_id is not None, query.call_id is not None]
        rows = await self._db.read(
            lambda c: c.all(
                statement,
                of_user=user_id,
                of_state=query.state,
                of_task=query.task_id,
                of_call=query.call_id,
                up_to=query.limit,
            )
        )
        return [_question(row) for row in rows]

    async def answer(self, user_id: str, question_id: str, answer: dict[str, Any]) -> None:
        """Store the first answer.

        Raises:
            Conflict: `question.already_answered`, or `question.expired` if nobody waits for it any more.
        """
        text = orjson.dumps(answer).decode()

        def unit(c: Connection) -> str:
            c.run(_EXPIRE, at=now())
            if c.run(
                _END, of_user=user_id, of_id=question_id, new_state="answered", new_answer=text, at=now()
            ):
                return "open"
            row = c.first(_GET, of_user=user_id, of_id=question_id)
            return "gone" if row is None else str(row[_FIELDS.index("state")])

        state = await self._db.write(unit)
        if state == "answered":
            raise Conflict(
                "the question was answered already",
                code="question.already_answered",
                hint="the first answer counts",
            )
        if state != "open":
            raise Conflict(
                "nobody waits for an answer any more", code="question.expired", hint="ask for it again"
            )

    async def end(self, user_id: str, question_id: str, state: str) -> bool:
        """End a question that was not answered; false if it was."""
        return bool(
            await self._db.write(
                lambda c: c.run(
                    _END, of_user=user_id, of_id=question_id, new_state=state, new_answer=None, at=now()
                )
            )
        )

    async def askers(self, user_id: str) -> Sequence[str]:
        """Return the processes that wait for answers of a user."""
        return [row[0] for row in await self._db.read(lambda c: c.all(_ASKERS, of_user=user_id))]

    async def abandon(self, user_id: str, asker: str) -> None:
        """End the open questions of a process that does not wait any more."""
        await self._db.write(lambda c: c.run(_ABANDON, of_user=user_id, of_asker=asker))

    async def prune(self, before: str) -> None:
        """Delete old ones, and note which have expired."""

        def unit(c: Connection) -> None:
            c.run(_EXPIRE, at=now())
            c.run(_PRUNE, before=before)

        await self._db.write(unit)


def _question(row: tuple[Any, ...]) -> Question:
    values = dict(zip(_FIELDS, row, strict=True))
    for name in ("answer_schema", "context", "answer"):
        values[name] = None if values[name] is None else orjson.loads(values[name])
    return Question.model_validate(values)
