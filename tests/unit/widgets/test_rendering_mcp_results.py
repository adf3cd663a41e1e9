"""What tools give is shown once, and whole where it can be; names are not broken."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.widgets.mcp_samples import make_capabilities, make_result, make_tool_info
from vibe_jupyter.core.mcp.schemas import Content, PromptInfo, ResourceInfo
from vibe_jupyter.widgets.rendering import PromptListing, ResourceListing, ToolHelp, as_html, as_text


def text_of(value: Any) -> str:
    return as_text(value, width=140)


def test_one_text_that_is_structured_as_well_is_shown_once() -> None:
    text = text_of(make_result("the words of a file", structured_content={"content": "the words of a file"}))
    assert text.count("the words of a file") == 1
    other = text_of(make_result("a word", structured_content={"content": "another"}))
    assert "another" in other


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_table_that_is_kept_is_shown_by_its_first_rows(wrapped: bool) -> None:
    rows = [{"city": f"city {number}", "people": number} for number in range(20)]
    kept = Content(
        type="resource", mime_type="application/json", size_bytes=3_000_000, handle="abc123",
        name="structured_content", text=json.dumps({"result": rows} if wrapped else {"rows": rows, "n": 1}),
        description="rows: 30,000 items",
    )  # fmt: skip
    each = [Content(type="text", text=json.dumps(row)) for row in rows]
    more = Content(type="resource", name="more_content", text="[29,980 more]", handle="def456")
    text = text_of(make_result(*each, more, kept))
    assert re.search(r"city +people", text)
    assert text.count("city 7") == 1
    assert "rows: 30,000 items" in text
    assert "vibe payload abc123" in text
    assert "def456" not in text, "further rows, once more"
    assert "{" not in text
    one = Content(type="text", text='{"rows": [{"city"', handle="aaa", size_bytes=3_000_000)
    said = text_of(make_result(one, Content(type="text", text="a word"), kept))
    assert "a word" in said
    assert "aaa" not in said


def test_a_text_that_was_cut_is_not_shown_beside_the_table_that_it_repeats() -> None:
    rows = [{"city": "Zürich", "people": number} for number in range(20)]
    for written in (json.dumps({"rows": rows}, indent=2), json.dumps({"rows": rows}, ensure_ascii=False)):
        cut = Content(type="text", text=written[:300], handle="abc123")
        text = text_of(make_result(cut, structured_content={"rows": rows}))
        assert "{" not in text
        assert "Zürich" in text


def test_names_of_options_and_short_uris_are_not_broken() -> None:
    """JupyterLab lets code wrap anywhere."""
    html = as_html(ToolHelp("files", make_tool_info()))
    cell = re.search(r"<td([^>]*)><code([^>]*)>--path</code>", html)
    assert cell is not None
    assert "white-space:nowrap" in cell[1]
    assert "white-space:inherit" in cell[2]
    listed = as_html(
        ResourceListing(make_capabilities(resources=[ResourceInfo(uri="demo://one-two", name="one")]))
    )
    uri = re.search(r"<td([^>]*)><code[^>]*>[a-z]+://", listed)
    assert uri is not None
    assert "white-space:nowrap" in uri[1]


def test_prompts_say_whose_they_are() -> None:
    assert re.search(
        r"files · \d+ prompts?", text_of(PromptListing(make_capabilities(prompts=[PromptInfo(name="greet")])))
    )
