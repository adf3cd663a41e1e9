"""The index finds a tool by what it does, and no text can say something to the database."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.schemas import ToolInfo
from vibe_jupyter.core.mcp.search import ToolIndex


def tool(name: str, description: str = "", properties: dict[str, Any] | None = None) -> ToolInfo:
    return ToolInfo(
        name=name,
        description=description,
        input_schema={"type": "object", "properties": properties or {}},
        capability=f"mcp.files.{name}",
        fingerprint="0",
        allowed=True,
    )


TOOLS = [
    ("files", tool("readTextFile", "Show what a file holds.", {"path": {"description": "where it lies"}})),
    ("files", tool("write_file", "Put content into a file.")),
    ("git", tool("git_log", "List commits of a repository.", {"max_count": {"type": "integer"}})),
    ("clock", tool("convert_time", "Tell a time of one timezone in another.")),
]


@pytest.fixture
def index() -> Any:
    index = ToolIndex(TOOLS)
    yield index
    index.close()


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("read a text file", "readTextFile"),
        ("which commits are in the repository", "git_log"),
        ("converting timezones", "convert_time"),
        ("maxCount", "git_log"),
        ("clock", "convert_time"),
    ],
)
def test_the_tool_that_does_it_comes_first(index: ToolIndex, text: str, best: str) -> None:
    hits, total = index.search(text, 10)
    assert hits[0].name == best
    assert total >= len(hits) >= 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_without_words_all_are_listed_in_order(index: ToolIndex) -> None:
    hits, total = index.search("  ", 3)
    assert [hit.name for hit in hits] == ["readTextFile", "write_file", "git_log"]
    assert total == 4


def test_what_nothing_fits_finds_nothing(index: ToolIndex) -> None:
    assert index.search("kubernetes", 5) == ([], 0)
    assert index.search("the of !!", 5) == ([], 0)


def test_total_counts_more_than_the_limit_shows(index: ToolIndex) -> None:
    hits, total = index.search("file", 1)
    assert (len(hits), total) == (1, 2)


@given(st.text(max_size=80))
def test_operators_of_the_query_language_are_words(text: str) -> None:
    index = ToolIndex(TOOLS)
    try:
        hits, total = index.search(text + ' OR name:"x* AND NEAR(', 5)
    finally:
        index.close()
    assert total >= len(hits)
