from __future__ import annotations

from typing import Any

import pytest

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.projects.templating.answers import checked_answers
from vibe_jupyter.core.projects.templating.schemas import TemplateQuestion


def question(kind: str, **more: Any) -> TemplateQuestion:
    return TemplateQuestion(name="it", type=kind, help="What is it?", **more)


def refused(answers: dict[str, Any], *questions: TemplateQuestion) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        checked_answers(answers, list(questions))
    return caught.value


@pytest.mark.parametrize(
    ("kind", "given", "taken"),
    [
        ("str", "text", "text"),
        ("str", 3, "3"),
        ("int", 3, 3),
        ("int", "3", 3),
        ("int", 3.0, 3),
        ("float", "2.5", 2.5),
        ("bool", True, True),
        ("bool", "no", False),
        ("bool", 1, True),
        ("json", {"a": [1]}, {"a": [1]}),
        ("yaml", None, None),
        ("{{ computed }}", "anything", "anything"),
    ],
)
def test_an_answer_may_be_written_as_text(kind: str, given: object, taken: object):
    answer = checked_answers({"it": given}, [question(kind)])["it"]
    assert answer == taken
    assert type(answer) is type(taken)


@pytest.mark.parametrize(
    ("kind", "given", "why"),
    [
        ("str", None, "a text is wanted, not nothing"),
        ("str", True, "a text is wanted, not bool"),
        ("str", ["a"], "a text is wanted, not list"),
        ("str", "x" * 10_001, "it is longer than 10,000 characters"),
        ("int", "three", "a whole number is wanted, not str"),
        ("int", 2.5, "a whole number is wanted, not float"),
        ("int", True, "a whole number is wanted, not bool"),
        ("int", float("inf"), "a whole number is wanted, not float"),
        ("float", {}, "a number is wanted, not dict"),
        ("bool", "maybe", "true or false is wanted, not str"),
        ("bool", 2, "true or false is wanted, not int"),
        ("path", 1j, "a path is wanted, not complex"),
    ],
)
def test_a_wrong_type_names_the_question(kind: str, given: object, why: str):
    error = refused({"it": given}, question(kind))
    assert error.code == "template.answer_invalid"
    assert error.errors == [{"loc": ["answers", "it"], "msg": why}]
    assert "'it'" in error.message
    assert error.hint == "What is it?"


def test_a_wrong_choice_names_the_choices():
    error = refused({"it": "GPL"}, question("str", choices=["MIT", "BSD"]))
    assert error.message == "the answer to 'it' does not fit: 'GPL' is no choice; there are MIT, BSD"


def test_several_choices_are_a_list():
    several = question("int", choices=[1, 2, 3], multiple=True)
    assert checked_answers({"it": [1, "3"]}, [several]) == {"it": [1, 3]}
    assert "a list of choices is wanted" in refused({"it": 1}, several).message
    assert "4 is no choice" in refused({"it": [4]}, several).message


def test_all_that_is_wrong_is_told_at_once():
    other = TemplateQuestion(name="other", type="bool", help="")
    errors = refused({"it": "x", "other": "perhaps"}, question("int"), other).errors
    assert errors is not None
    assert [error["loc"][1] for error in errors] == ["it", "other"]


def test_an_unknown_question_is_answered_with_the_nearest():
    asked = TemplateQuestion(name="license", type="str", help="")
    error = refused({"licence": "MIT"}, asked)
    assert error.code == "template.unknown_question"
    assert error.hint == "did you mean license?"
    assert refused({"zzz": 1}, asked).hint == "it asks for license"
    assert refused({"zzz": 1}).hint == "it asks for nothing"


def test_a_secret_answer_is_not_repeated():
    error = refused({"it": "s3cret"}, question("str", choices=["a"], secret=True))
    assert "s3cret" not in str(error.problem())
