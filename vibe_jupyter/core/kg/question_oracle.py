"""The oracle `kg_questions`: answers what people ask of a project, from its knowledge graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.kg.question_schemas import KgAnswer, KgAsk
from vibe_jupyter.core.kg.questions.table import QUESTIONS, Question
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

__all__ = ["KgQuestions"]

_ASK = "kg.ask"
_SUMMARIES: tuple[tuple[Question[Any, Any], str, str], ...] = (
    (
        QUESTIONS.find,
        "Find functions, classes and modules by words of their names and documentation",
        "symbols",
    ),
    (QUESTIONS.callers, "Who calls a function, method or class", "rows"),
    (QUESTIONS.callees, "What a function or method calls", "rows"),
    (QUESTIONS.impact, "What may break when a symbol changes", "rows"),
    (QUESTIONS.path, "The shortest way of calls from one symbol to another", "steps"),
    (QUESTIONS.tests, "The tests that run a symbol", "rows"),
    (QUESTIONS.unused, "Functions, methods and classes that nothing uses", "rows"),
    (QUESTIONS.cycles, "Files that import themselves in a circle", "rows"),
    (QUESTIONS.central, "The files that the rest of a project stands on", "rows"),
    (QUESTIONS.who, "Who knows a symbol or file, by its history in git", "rows"),
    (QUESTIONS.data, "Which notebooks and code read or write a data file", "rows"),
)
_BY_CAPABILITY = {f"kg.{question.name}": question for question, _, _ in _SUMMARIES}


def _is_question(text: str) -> bool:
    from vibe_jupyter.core.kg.questions.wording import read_question

    return read_question(text).is_clear


class KgQuestions(Oracle):
    """Answer questions about the structure of a project: exactly, or it is said what is not known."""

    id = "kg_questions"
    title = "Questions about the code of a project"
    capabilities = (
        Capability(
            name=_ASK,
            summary="The structure of the code: callers and callees of a function, what breaks if it changes, which "
            "tests cover it, dead code, import cycles, the most central modules",
            input=KgAsk,
            output=KgAnswer,
            text_field="question",
            only_by_name=True,
            recognizes=_is_question,
            examples=(
                "who calls Bill.charge()",
                "what does checkout call",
                "callers of the method save",
                "what breaks if I change pay.send",
                "what depends on the class Order",
                "impact of renaming order_total",
                "path of calls from main to send_mail",
                "which functions are never called",
                "find unused code in src/shop",
                "dead code",
                "are there circular imports",
                "import cycles between the modules",
                "what are the most central modules",
                "which tests cover Bill.charge",
                "is the function order_total tested",
                "who reads or writes sales.csv",
                "which code uses the data file data/orders.parquet",
            ),
        ),
        *(
            Capability(
                name=f"kg.{question.name}",
                summary=summary,
                input=question.query,
                output=question.answer,
                table=table,
                only_by_name=True,
            )
            for question, summary, table in _SUMMARIES
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> BaseModel:
        """Answer from the graph that was generated last, or from the one that is named.

        Raises:
            NotFound: `kg.none`, `kg.not_found`, `kg.empty`, and what the question names that is not there.
            Conflict: `kg.ambiguous_symbol`, `kg.ambiguous_data_file`, `kg.outdated`.
        """
        from vibe_jupyter.core.kg.questions.wording import read_question

        if not isinstance(input, KgAsk):
            question = _BY_CAPABILITY[context.capability]
            found = await self._answer(context, question, input.model_dump(exclude_none=True))
            answered: BaseModel = question.answer.model_validate(found)
            return answered
        asked = read_question(input.question)
        fields: dict[str, Any] = dict(asked.fields)
        if input.kg_id is not None:
            fields["kg_id"] = input.kg_id
        answer = await self._answer(context, _BY_CAPABILITY[f"kg.{asked.question}"], fields)
        return KgAnswer(kg_id=answer["kg_id"], asked=asked.question, about=asked.fields, answer=answer)

    @staticmethod
    async def _answer(
        context: Context, question: Question[Any, Any], fields: dict[str, Any]
    ) -> dict[str, Any]:
        found: dict[str, Any] = await context.in_process(
            answer_in_process, str(context.data_dir / "kg"), context.user_id, question.name, fields
        )
        return found


def answer_in_process(
    folder: str,
    user_id: str,
    name: str,
    fields: dict[str, Any],
    report: Callable[..., None] = lambda *_arguments, **_facts: None,
) -> dict[str, Any]:
    """Answer a question in a worker process."""
    from pathlib import Path

    from vibe_jupyter.core.kg.catalog import GraphCatalog
    from vibe_jupyter.core.kg.questions.table import answer_on

    question = _BY_CAPABILITY[f"kg.{name}"]
    query = question.query.model_validate(fields)
    report(None, f"asking the graph: {name}")
    graph = GraphCatalog(Path(folder)).chosen(user_id, query.kg_id)
    found: dict[str, Any] = answer_on(graph, question, query).model_dump(mode="json")
    return found
