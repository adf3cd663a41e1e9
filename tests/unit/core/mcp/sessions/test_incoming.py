"""What is heavy in a result passes by the SDK, and comes whole to who called."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mcp_types import CallToolResult, methods

from tests.mcp_servers.processes import faulty_spec, http_server
from vibe_jupyter.core.mcp.errors import BadResult
from vibe_jupyter.core.mcp.sessions.incoming import incoming, whole
from vibe_jupyter.core.mcp.sessions.pool import SessionPool
from vibe_jupyter.core.mcp.spec import MAX_PIECES, Call, ServerSpec


def arrived(**result: Any) -> dict[str, Any]:
    message: Any = SimpleNamespace(message=SimpleNamespace(result=dict(result)))
    found: dict[str, Any] = incoming(message).message.result
    return found


def pieces(count: int) -> list[dict[str, Any]]:
    return [{"type": "text", "text": f"piece {number}"} for number in range(count)]


@pytest.mark.parametrize("version", ["2024-11-05", "2025-06-18", "2025-11-25", "2026-07-28"])
@pytest.mark.parametrize("structured", [{"rows": [1, {"a": None}]}, [1, 2], None])
def test_the_sdk_checks_a_small_part_and_hands_on_the_whole(version: str, structured: Any) -> None:
    result = arrived(content=pieces(MAX_PIECES + 2), structuredContent=structured)
    assert len(result["content"]) == MAX_PIECES
    assert result["structuredContent"] == {}
    methods.validate_server_result("tools/call", version, result)
    found = whole(CallToolResult.model_validate(result, by_name=False))
    assert found.structured_content is structured
    assert [getattr(one, "text", None) for one in found.content[:MAX_PIECES]] == [
        f"piece {number}" for number in range(MAX_PIECES)
    ]
    assert found.content[MAX_PIECES:] == pieces(MAX_PIECES + 2)[MAX_PIECES:]


@pytest.mark.parametrize(
    "result",
    [
        {"content": pieces(1)},
        {"content": "not a list", "structuredContent": {"a": 1}},
        {"content": pieces(1), "structuredContent": None},
        {"tools": [], "structuredContent": {"a": 1}},
        {"resultType": "input_required", "content": pieces(1), "structuredContent": {"a": 1}},
    ],
)
def test_all_else_is_left_as_it_is(result: dict[str, Any]) -> None:
    assert arrived(**result) == {"resultType": "complete", **result}


@pytest.mark.asyncio
async def test_a_result_comes_whole_over_stdio(pool: SessionPool) -> None:
    found = await pool.call(faulty_spec(), Call("many-rows", {"n": 1000}))
    assert [row["people"] for row in found.structured_content["rows"]] == list(range(1000))
    many = await pool.call(faulty_spec(), Call("many-pieces", {"n": 1000}))
    assert len(many.content) == 1000
    assert many.content[-1] == pieces(1000)[-1]
    assert many.structured_content is None
    with pytest.raises(BadResult):
        await pool.call(faulty_spec(), Call("badresult", {}))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("transport", "path", "era"),
    [("http", "mcp", "modern"), ("http", "mcp", "legacy"), ("sse", "sse", "legacy")],
)
async def test_a_result_comes_whole_over_http(pool: SessionPool, transport: Any, path: str, era: Any) -> None:
    with http_server(transport) as port:
        spec = ServerSpec("h", "h", transport, url=f"http://127.0.0.1:{port}/{path}", era=era)
        found = await pool.call(spec, Call("echo", {"text": "hi"}))
    assert found.structured_content == {"result": "hi"}
