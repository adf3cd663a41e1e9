"""Questions to a person, and their answers, as the API speaks of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Answer",
    "AnswerAction",
    "Question",
    "QuestionKind",
    "QuestionList",
    "QuestionState",
    "QuestionsQuery",
]

QuestionKind = Literal["approval", "elicitation", "visit"]
"""May this be done; tell the server something; go to a page."""
QuestionState = Literal["open", "answered", "expired", "withdrawn"]
AnswerAction = Literal["accept", "decline", "cancel"]


class Question(BaseModel):
    """Something that a person must decide while a task or a call waits."""

    id: str
    kind: QuestionKind
    state: QuestionState
    message: str = Field(description="Of whoever asks: plain text, not to be trusted.")
    answer_schema: dict[str, Any] | None = Field(
        default=None, description="JSON Schema of the answer's content; null if yes or no is all."
    )
    context: dict[str, Any] = Field(
        description="What it is about, e.g. {server, tool, arguments}; arguments that are too large to be shown are "
        "cut, and `arguments_cut_from_bytes` says so."
    )
    task_id: str | None = None
    call_id: str | None = None
    answer: dict[str, Any] | None = None
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None = None


class QuestionList(BaseModel):
    """Your questions, oldest first."""

    questions: list[Question]


class QuestionsQuery(BaseModel):
    """Which questions."""

    model_config = ConfigDict(extra="forbid")

    state: QuestionState | Literal["all"] = Field(default="open", description="In which state.")
    task_id: str | None = Field(default=None, max_length=100)
    call_id: str | None = Field(default=None, max_length=100)
    wait_s: float = Field(
        default=0, ge=0, le=25, description="Wait so many seconds for one, if there is none yet."
    )
    limit: int = Field(default=50, ge=1, le=200)


class Answer(BaseModel):
    """What the person says; the first answer counts."""

    model_config = ConfigDict(extra="forbid")

    action: AnswerAction = Field(
        default="accept", description="accept; decline (no); cancel (neither: the asker may ask again)."
    )
    content: dict[str, Any] | None = Field(
        default=None, description="Of an accepted question: what its schema asks for."
    )
    remember: bool = Field(
        default=False, description="Of an approval: do not ask again for this tool while it stays as it is."
    )
