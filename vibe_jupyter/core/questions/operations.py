"""The public operations of questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.operations import operation
from vibe_jupyter.core.questions.schemas import Answer, Question, QuestionList, QuestionsQuery

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation(
    "questions.list", "GET /questions", verb="questions", scope="questions:read", hidden=("call_id", "wait_s")
)
async def list_questions(platform: Platform, principal: Principal, query: QuestionsQuery) -> QuestionList:
    """List what tasks and calls of yours wait for you to decide."""
    return QuestionList(questions=await platform.questions.list(principal, query))


@operation(
    "questions.get",
    "GET /questions/{question_id}",
    verb="question",
    positional="question_id",
    scope="questions:read",
)
async def get_question(platform: Platform, principal: Principal, question_id: str) -> Question:
    """Show a question, and its answer if there is one."""
    return await platform.questions.get(principal, question_id)


@operation(
    "questions.answer",
    "POST /questions/{question_id}/answer",
    verb="answer",
    positional="question_id",
    scope="questions:write",
)
async def answer_question(
    platform: Platform, principal: Principal, question_id: str, body: Answer
) -> Question:
    """Answer a question: accept, decline or cancel. The first answer counts, wherever it comes from."""
    return await platform.questions.answer(principal, question_id, body)


OPERATIONS = (list_questions, get_question, answer_question)
