"""One broken tool takes itself out of a list, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.mcp_servers.processes import faulty_spec, scripted
from vibe_jupyter.core.mcp.errors import BadResult
from vibe_jupyter.core.mcp.sessions.pages import without_faults
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import Call, ServerSpec
from vibe_jupyter.core.mcp.tools.definitions import capabilities_of

GOOD = {"name": "good", "description": "Does good.", "inputSchema": {"type": "object"}}
BAD = [
    {"name": "typo", "inputSchema": {"type": "objekt"}},
    {"name": "empty", "inputSchema": {}},
    {"name": "null", "inputSchema": None},
    {"name": "none"},
    {"inputSchema": {"type": "object"}},
    {"name": "hints", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": "perhaps"}},
    7,
]


@pytest.mark.asyncio
async def test_the_other_tools_are_there_and_work(pool: SessionPool, tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(json.dumps([*BAD, GOOD]))
    (tmp_path / "good.json").write_text('{"content": [{"type": "text", "text": "it works"}]}')
    spec = ServerSpec("1", "odd", "stdio", command=tuple(scripted(tmp_path)))
    found = capabilities_of("odd", await pool.listing(spec))
    assert [tool.name for tool in found.tools] == ["good"]
    assert len(found.problems) == len(BAD)
    assert "the tool typo is left out" in found.problems[0]
    assert "'objekt'" in found.problems[0]
    assert "the tool in place 5" in found.problems[4]
    assert "it works" in str((await pool.call(spec, Call("good", {}))).content)


@pytest.mark.asyncio
async def test_of_a_result_that_is_none_it_is_said_what_is_wrong(pool: SessionPool) -> None:
    with pytest.raises(BadResult, match="content: Input should be a valid list, is 'not a list'"):
        await pool.call(faulty_spec(), Call("badresult", {}))


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("resources", {"uri": "a:b", "name": "x"}, {"uri": "a:b"}),
        ("resourceTemplates", {"uriTemplate": "a:{b}", "name": "x"}, {"name": "x"}),
        ("prompts", {"name": "x"}, {"name": "x", "arguments": "all"}),
    ],
)
def test_so_it_is_with_all_that_is_listed(kind: str, good: Any, bad: Any) -> None:
    page: dict[str, Any] = {kind: [good, bad, good]}
    without_faults(page)
    assert page[kind] == [good, good]
    (problem,) = page["_meta"]["vibe_jupyter/problems"]
    assert "is left out" in problem


def test_what_is_new_in_a_version_is_no_fault() -> None:
    page = {"tools": [{**GOOD, "outputSchema": {"type": "array", "items": {"type": "string"}}}]}
    without_faults(page)
    assert page == {"tools": [{**GOOD, "outputSchema": {"type": "array", "items": {"type": "string"}}}]}


def test_very_many_faults_are_told_in_short_and_a_server_says_none_of_them_itself() -> None:
    page: dict[str, Any] = {
        "tools": [{"name": "x" * 5000}] * 1000,
        "_meta": {"vibe_jupyter/problems": ["ha"]},
    }
    without_faults(page)
    problems = page["_meta"]["vibe_jupyter/problems"]
    assert (len(problems), problems[-1]) == (21, "980 more tools are left out for such reasons")
    assert all(len(problem) <= 500 for problem in problems)
    fine: dict[str, Any] = {"tools": [GOOD], "_meta": {"vibe_jupyter/problems": ["ha"]}}
    without_faults(fine)
    assert fine["_meta"] == {}
