"""What a person is shown of a call that they are asked about."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import orjson
import pytest

from vibe_jupyter.core.mcp.calls import ToolRequest
from vibe_jupyter.core.mcp.consent import Consent
from vibe_jupyter.core.mcp.schemas import ToolInfo
from vibe_jupyter.core.mcp.spec import Elicitation
from vibe_jupyter.core.mcp.tools.policy import Decision
from vibe_jupyter.core.mcp.veil import Veil
from vibe_jupyter.core.questions.schemas import Answer
from vibe_jupyter.core.questions.service import Draft

TOOL = ToolInfo(
    name="write", input_schema={"type": "object"}, capability="mcp.s.write", fingerprint="f", allowed=True
)


class Yes:
    """A person who says yes to everything, and what they were asked."""

    def __init__(self) -> None:
        self.asked: list[Draft] = []

    async def ask(self, _user_id: str, draft: Draft, **_: Any) -> Answer:
        self.asked.append(draft)
        return Answer()


def asked(arguments: dict[str, Any]) -> dict[str, Any]:
    person = Yes()
    consent = Consent(cast("Any", None), cast("Any", person), 1)
    request = ToolRequest("ada", "s", "write", arguments)
    sent = asyncio.run(consent.approved(cast("Any", None), TOOL, request, Decision("ask", "is asked about")))
    assert sent is arguments, "what is sent is not what is shown"
    return person.asked[0].context


def test_arguments_are_shown_as_they_are() -> None:
    context = asked({"path": "a.txt", "rows": [[1, None], {"a": "x" * 1000}]})
    assert context["arguments"] == {"path": "a.txt", "rows": [[1, None], {"a": "x" * 1000}]}
    assert "arguments_cut_from_bytes" not in context


@pytest.mark.parametrize("value", ["x" * 5000, list(range(5000)), {str(n): n for n in range(5000)}])
def test_none_of_many_arguments_is_hidden_by_large_ones(value: Any) -> None:
    arguments = {"first": value, **{f"argument {number}": number for number in range(500)}, "large": value}
    context = asked({**arguments, "last": "y" * 100_000})
    assert list(context["arguments"]) == [*arguments, "last"]
    assert context["arguments"]["argument 499"] == 499
    assert context["arguments_cut_from_bytes"] > 100_000
    assert len(orjson.dumps(context)) < 128 * 1024


def test_however_much_it_is_the_question_is_small() -> None:
    context = asked({f"{number} " + "n" * 1000: "v" * 1000 for number in range(3000)})
    assert len(context["arguments"]) == 1000
    assert len(orjson.dumps(context)) < 2**20


@pytest.mark.parametrize(
    ("schema", "url"),
    [({"properties": {"a": {"title": "x" * 100_000}}}, None), (None, "https://" + "a" * 100_000)],
)
def test_a_server_that_asks_for_too_much_is_not_answered(
    schema: dict[str, Any] | None, url: str | None
) -> None:
    person = Yes()
    consent = Consent(cast("Any", None), cast("Any", person), 1)
    request = ToolRequest("ada", "s", "write", {})
    answer = asyncio.run(consent.elicited(request, Veil(()), Elicitation("?", schema, url)))
    assert (answer.action, person.asked) == ("cancel", [])
