"""Ask a person one question, and hand in what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from vibe_jupyter.core.errors import InvalidInput, VibeError
from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.questions.schemas import Answer
from vibe_jupyter.widgets.asking.forms import fields_of, value_of
from vibe_jupyter.widgets.asking.prompter import EndedElsewhere, NobodyThere

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.client.namespaces import BaseClient
    from vibe_jupyter.core.questions.schemas import Question
    from vibe_jupyter.widgets.asking.prompter import Prompter
    from vibe_jupyter.widgets.asking.watch import QuestionWatch

__all__ = ["Interview", "Outcome"]

Outcome = Literal["answered", "elsewhere", "nobody"]
_NO = Answer(action="decline")
_ENDED = frozenset({"question.already_answered", "question.expired", "question.not_found"})


class Interview:
    """Asks questions with a prompter.

    Args:
        show: shows a question in full.
        tell: says a line, e.g. what is wrong with an answer.
    """

    def __init__(
        self,
        client: BaseClient,
        prompter: Prompter,
        show: Callable[[Question], None],
        tell: Callable[[str], None],
    ) -> None:
        self._transport = client.transport
        self._answering = next(one for one in client.operations if one.name == "questions.answer")
        self._prompter = prompter
        self._show = show
        self._tell = tell

    def ask(self, question: Question, watch: QuestionWatch) -> Outcome:
        """Ask until there is an answer that is accepted, here or elsewhere; decline where nobody is there.

        Raises:
            KeyboardInterrupt: if the person interrupts; nothing is answered then.
        """
        self._show(question)
        with watch.asking(question.id, self._prompter.end):
            while True:
                try:
                    answer = self._answer_to(question)
                    outcome: Outcome = "answered"
                except EndedElsewhere:
                    self._tell(
                        "it needs no answer any more: it was answered elsewhere, or nobody waits for it"
                    )
                    return "elsewhere"
                except NobodyThere:
                    answer, outcome = _NO, "nobody"
                try:
                    self._hand_in(question, answer)
                except InvalidInput as error:
                    self._tell(error.in_one_line)
                    continue
                except VibeError as error:
                    if error.code not in _ENDED:
                        raise
                    self._tell(f"your answer was not needed: {error.message}")
                    return "elsewhere"
                return outcome

    def _hand_in(self, question: Question, answer: Answer) -> None:
        self._transport.call(
            self._answering, {"question_id": question.id, **answer.model_dump(exclude_unset=True)}
        )

    def _answer_to(self, question: Question) -> Answer:
        if question.kind == "approval":
            return self._approval(question)
        if question.kind == "visit":
            return self._yes_or_no("Have you done what the page asks for? yes / no [no]: ")
        fields = fields_of(question.answer_schema or {})
        return self._form(question) if fields else self._yes_or_no("yes / no [no]: ")

    def _yes_or_no(self, prompt: str) -> Answer:
        while True:
            typed = self._prompter.read(prompt).casefold()
            if typed in ("y", "yes"):
                return Answer(action="accept")
            if typed in ("", "!", "n", "no"):
                return _NO
            self._tell("type yes or no")

    def _approval(self, question: Question) -> Answer:
        while True:
            match self._prompter.read("yes / no / always / edit [no]: ").casefold():
                case "y" | "yes":
                    return Answer(action="accept")
                case "" | "!" | "n" | "no":
                    return _NO
                case "a" | "always":
                    return Answer(action="accept", remember=True)
                case "e" | "edit" if "arguments_cut_from_bytes" in question.context:
                    self._tell("the arguments are too large to be edited here")
                case "e" | "edit":
                    arguments = self._edited(question.context.get("arguments"))
                    return Answer(action="accept", content={"arguments": arguments})
                case _:
                    self._tell(
                        "type yes, no, always (do not ask again for this tool), or edit (its arguments)"
                    )

    def _edited(self, arguments: Any) -> dict[str, Any]:
        """Return arguments as the person changes them, one by one; a text stays one, all else is JSON."""
        changed: dict[str, Any] = {}
        for name, value in (arguments if isinstance(arguments, dict) else {}).items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            while True:
                typed = self._prompter.read(f"{clean(name, limit=80)} [{clean(shown, limit=200)}]: ")
                try:
                    changed[name] = (
                        value if not typed else typed if isinstance(value, str) else json.loads(typed)
                    )
                    break
                except ValueError as error:
                    self._tell(f"this is no JSON: {error}")
        return changed

    def _form(self, question: Question) -> Answer:
        content: dict[str, Any] = {}
        for field in fields_of(question.answer_schema or {}):
            for line in field.listing:
                self._tell(line)
            while True:
                typed = self._prompter.read(field.prompt, is_secret=field.is_secret)
                if typed == "!" or (not typed and field.is_required and not field.has_default):
                    return _NO
                if not typed:
                    break
                try:
                    content[field.name] = value_of(field, typed)
                    break
                except InvalidInput as error:
                    self._tell(error.in_one_line)
        return Answer(action="accept", content=content)
