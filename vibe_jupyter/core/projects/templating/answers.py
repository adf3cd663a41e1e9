"""Whether the answers that somebody gave fit what a template asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import InvalidInput, nearest

if TYPE_CHECKING:
    from vibe_jupyter.core.projects.templating.schemas import TemplateQuestion

__all__ = ["checked_answers"]

MAX_ANSWER_CHARACTERS = 10_000
_YES, _NO = frozenset({"true", "yes", "on", "y", "1"}), frozenset({"false", "no", "off", "n", "0"})


def checked_answers(given: dict[str, Any], questions: list[TemplateQuestion]) -> dict[str, Any]:
    """Return the answers in the types that the template asks for.

    A number or a truth value may be written as text, as a command line does.

    Raises:
        InvalidInput: `template.unknown_question`, `template.answer_invalid`; all that is wrong stands in `errors`.
    """
    asked = {question.name: question for question in questions}
    if unknown := [name for name in given if name not in asked]:
        near = nearest(unknown[0], asked)
        raise InvalidInput(
            f"the template does not ask for {unknown[0][:100]!r}",
            code="template.unknown_question",
            hint=f"did you mean {near[0]}?" if near else f"it asks for {', '.join(asked) or 'nothing'}",
            errors=[{"loc": ["answers", name[:100]], "msg": "not asked by the template"} for name in unknown],
        )
    fitting, errors = {}, []
    for name, answer in given.items():
        try:
            fitting[name] = _fitting(answer, asked[name])
        except ValueError as error:
            errors.append({"loc": ["answers", name], "msg": str(error)})
    if errors:
        first = errors[0]
        raise InvalidInput(
            f"the answer to {first['loc'][1]!r} does not fit: {first['msg']}",
            code="template.answer_invalid",
            hint=asked[str(first["loc"][1])].help or None,
            errors=errors,
        )
    return fitting


def _fitting(answer: Any, question: TemplateQuestion) -> Any:
    if question.multiple:
        if not isinstance(answer, list):
            raise ValueError(f"a list of choices is wanted, not {_kind(answer)}{_offered(question)}")
        return [_one(part, question) for part in answer]
    return _one(answer, question)


def _one(answer: Any, question: TemplateQuestion) -> Any:
    value = _converted(answer, question.type)
    if question.choices is not None and value not in question.choices:
        shown = "the secret answer" if question.secret else repr(value)[:80]
        raise ValueError(f"{shown} is no choice{_offered(question)}")
    if isinstance(value, str) and len(value) > MAX_ANSWER_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_ANSWER_CHARACTERS:,} characters")
    return value


def _converted(answer: Any, kind: str) -> Any:
    if kind not in _WANTED:  # json, yaml, and a type that is computed when the template is used
        return answer
    is_number = isinstance(answer, int | float) and not isinstance(answer, bool)
    if kind in ("str", "path") and (isinstance(answer, str) or is_number):
        return str(answer)
    if kind == "bool":
        if isinstance(answer, bool):
            return answer
        word = str(answer).strip().lower()
        if isinstance(answer, str | int) and word in _YES | _NO:
            return word in _YES
    if kind in ("int", "float") and (is_number or isinstance(answer, str)):
        convert = int if kind == "int" else float
        try:
            value = convert(answer)
        except (ValueError, OverflowError):
            value = None
        if value is not None and (isinstance(answer, str) or value == answer):
            return value
    raise ValueError(f"{_WANTED[kind]} is wanted, not {_kind(answer)}")


_WANTED = {
    "str": "a text",
    "path": "a path",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
}


def _kind(answer: Any) -> str:
    return "nothing" if answer is None else type(answer).__name__


def _offered(question: TemplateQuestion) -> str:
    if not question.choices:
        return ""
    return f"; there are {', '.join(map(str, question.choices[:20]))}"
