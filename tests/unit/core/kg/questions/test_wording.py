"""A sentence is taken for the question that it asks, about what it names."""

from __future__ import annotations

import pytest

from tests.timing import cpu_below
from vibe_jupyter.core.kg.questions.table import QUESTIONS, Question
from vibe_jupyter.core.kg.questions.wording import read_question


@pytest.mark.parametrize(
    ("text", "question", "fields"),
    [
        ("who calls compute_total()?", "callers", {"symbol": "compute_total"}),
        ("What calls the method `save`", "callers", {"symbol": "save"}),
        ("does anything call legacy_export", "callers", {"symbol": "legacy_export"}),
        ("is helper called anywhere", "callers", {"symbol": "helper"}),
        ("callers of Bill.charge in this project", "callers", {"symbol": "Bill.charge"}),
        ("what does Builder.plan call", "callees", {"symbol": "Builder.plan"}),
        ("show me what Builder.plan calls", "callees", {"symbol": "Builder.plan"}),
        ("everything that calls Bill.charge", "callers", {"symbol": "Bill.charge"}),
        ("which code would break if I removed pay.send", "impact", {"symbol": "pay.send"}),
        ("functions never used in src/shop", "unused", {"under": "src/shop"}),
        ("what is called by main", "callees", {"symbol": "main"}),
        ("what breaks if I change pay.send", "impact", {"symbol": "pay.send"}),
        ("if we rename pay.send, what breaks?", "impact", {"symbol": "pay.send"}),
        ("which functions depend on shop.pay", "impact", {"symbol": "shop.pay"}),
        ("impact of changing OrderTotals", "impact", {"symbol": "OrderTotals"}),
        ("path from checkout to pay.send", "path", {"source": "checkout", "target": "pay.send"}),
        ("how does main reach send_mail", "path", {"source": "main", "target": "send_mail"}),
        ("dead code in src/shop", "unused", {"under": "src/shop"}),
        ("functions that nobody calls", "unused", {}),
        ("are there import cycles?", "cycles", {}),
        ("circular imports in the shop package", "cycles", {"under": "shop"}),
        ("which modules import each other", "cycles", {}),
        ("most central modules", "central", {}),
        ("which tests cover pay.send", "tests", {"symbol": "pay.send"}),
        ("is Bill.charge tested?", "tests", {"symbol": "Bill.charge"}),
        ("who reads data/2024/sales.csv", "data", {"file": "data/2024/sales.csv"}),
        ("who knows Bill.charge best?", "who", {"symbol": "Bill.charge"}),
        ("authors of shop/pay.py", "who", {"symbol": "shop/pay.py"}),
        ("which notebooks use sales.csv", "data", {"file": "sales.csv"}),
        ("find functions about billing", "find", {"text": "billing"}),
        ("session cookie", "find", {"text": "session cookie"}),
    ],
)
def test_what_is_asked(text: str, question: str, fields: dict[str, str]) -> None:
    assert read_question(text)[:2] == (question, fields)


@pytest.mark.parametrize(
    "text",
    [
        "who calls my mother",
        "what breaks if I drop it",
        "why is the sky blue",
        "tests for it",
        "what is an import cycle",
        "remove dead code",
        "the most important files in Downloads",
        "what happens if I delete sales.csv",
    ],
)
def test_what_is_no_question_about_code_is_not_clear(text: str) -> None:
    assert not read_question(text).is_clear


@pytest.mark.parametrize("text", ["`who calls`", "what depends on it", "()", "callers of", "?"])
def test_every_text_gives_fields_that_the_question_takes(text: str) -> None:
    asked = read_question(text)
    question: Question[object, object] = getattr(QUESTIONS, asked.question)  # type: ignore[type-var]
    assert question.query.model_validate(asked.fields)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "a " * 5_000,
        "unused code " + "in " * 5_000,
        "path from " * 2_000,
        "what " * 300 + "x/" * 3_000,
        "dead code in " + "./" * 190 + "!",
    ],
)
def test_a_long_text_takes_no_time(text: str) -> None:
    with cpu_below(0.2):
        read_question(text)
