"""What an agent gets of a result: all of it, or the same shape with less in it, never more than its client takes."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import AudioContent, CallToolResult, ImageContent, TextContent

from vibe_jupyter.core.errors import NotFound, TooLarge
from vibe_jupyter.core.mcp.schemas import Content, ToolResult
from vibe_jupyter.core.mcp_server.results import (
    MAX_BYTES,
    answer,
    failure,
    of_a_document,
    of_a_tool,
    shortened,
)
from vibe_jupyter.core.operations import Document

EVENT_BYTES = 1024 * 1024
"""What a client made with the SDK takes in one event."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=50,
)


def on_the_wire(result: CallToolResult) -> bytes:
    """Return a result in the longer of the two ways in which the SDK writes it."""
    values = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    return max(json.dumps(values).encode(), result.model_dump_json(by_alias=True).encode(), key=len)


def text_of(result: CallToolResult, index: int = 0) -> str:
    block = result.content[index]
    assert isinstance(block, TextContent)
    return block.text


def tool_result(*content: Content, **more: Any) -> ToolResult:
    return ToolResult(content=list(content), duration_ms=1.0, server="s", tool="t", **more)


@given(st.dictionaries(st.text(), json_values))
def test_a_small_result_is_the_same_as_text_and_as_an_object(value: dict[str, Any]) -> None:
    result = asyncio.run(answer(orjson.dumps(value)))
    assert result.structured_content == value
    assert json.loads(text_of(result)) == value
    assert len(result.content) == 1


@pytest.mark.parametrize(
    "value",
    [
        {"items": [{"text": '"' * 500}] * 3000},
        {"text": '"\\' * 400_000},
        {"text": "é" * 500_000},
        {"many": {f"key {number}": "x" * 50 for number in range(20_000)}},
        {"deep": [[["x" * 1000] * 100] * 100]},
    ],
    ids=["a list", "quotes", "letters", "keys", "nested lists"],
)
def test_a_large_one_is_cut_to_what_clients_take(value: dict[str, Any]) -> None:
    result = asyncio.run(answer(orjson.dumps(value)))
    assert len(on_the_wire(result)) < EVENT_BYTES
    assert result.structured_content.keys() == value.keys()
    assert json.loads(text_of(result)) == result.structured_content
    assert f"{len(orjson.dumps(value)):,} bytes" in text_of(result, 1)
    assert not result.is_error


def test_what_is_cut_keeps_its_shape() -> None:
    value = {"id": "x" * 36, "n": 7, "none": None, "items": ["y" * 20_000] * 1000}
    cut = orjson.loads(shortened(orjson.dumps(value)))
    assert {**cut, "items": None} == {**value, "items": None}
    assert len(cut["items"]) >= 20
    assert all(item.startswith("yyy") and "more characters]" in item for item in cut["items"])


def test_what_cannot_be_cut_is_refused() -> None:
    value: Any = "x" * 200
    for _ in range(3):
        value = [value] * 6
    branches = {f"{number}": value for number in range(150)}
    with pytest.raises(TooLarge, match="too many for an agent") as caught:
        shortened(orjson.dumps(branches))
    assert caught.value.code == "result.too_large"
    assert caught.value.hint


def test_the_limit_leaves_room_in_one_event() -> None:
    assert MAX_BYTES * 3 < EVENT_BYTES


def test_pictures_and_sounds_arrive_as_such_and_not_in_the_text() -> None:
    data = base64.b64encode(b"\x89PNG" * 100).decode()
    result = asyncio.run(
        of_a_tool(
            tool_result(
                Content(type="text", text="look"),
                Content(type="image", data=data, mime_type="image/png", size_bytes=400),
                Content(type="audio", data=data, mime_type="audio/wav", size_bytes=400),
            )
        )
    )
    image, sound, *_ = result.content
    assert isinstance(image, ImageContent)
    assert (image.data, image.mime_type) == (data, "image/png")
    assert isinstance(sound, AudioContent)
    assert data not in text_of(result, 2)
    assert data not in json.dumps(result.structured_content)
    assert "look" in text_of(result, 2)


def test_a_picture_that_is_too_large_is_only_told_of() -> None:
    data = base64.b64encode(b"x" * 1_000_000).decode()
    picture = Content(type="image", data=data, mime_type="image/png", size_bytes=1_000_000)
    result = asyncio.run(of_a_tool(tool_result(picture)))
    assert "1,000,000 bytes" in text_of(result)
    assert len(on_the_wire(result)) < EVENT_BYTES


def test_a_tool_that_failed_is_an_error() -> None:
    result = asyncio.run(of_a_tool(tool_result(Content(type="text", text="no"), is_error=True)))
    assert result.is_error
    assert "no" in text_of(result)


def test_an_error_says_code_message_hint_and_faults() -> None:
    error = NotFound(
        "there is no x", code="x.unknown", hint="try y", errors=[{"loc": ["x"], "msg": "unknown"}]
    )
    result = failure(error)
    assert result.is_error
    assert result.structured_content is None
    told = json.loads(text_of(result))
    assert told.items() >= {"code": "x.unknown", "detail": "there is no x", "hint": "try y"}.items()
    assert told["errors"] == error.errors


class TestDocuments:
    def test_is_its_text_and_what_that_is(self) -> None:
        document = Document(content=b"a,b\n1,2\n", media_type="text/csv", filename="x.csv")
        answered = asyncio.run(of_a_document(document))
        (block,) = answered.content
        assert isinstance(block, TextContent)
        assert block.text == "a,b\n1,2\n"
        assert answered.structured_content == {"media_type": "text/csv", "text": "a,b\n1,2\n"}

    def test_one_that_is_too_large_says_what_to_do(self) -> None:
        document = Document(content=b"x" * (MAX_BYTES + 1), media_type="text/csv", filename="x")
        with pytest.raises(TooLarge) as caught:
            asyncio.run(of_a_document(document))
        assert "LIMIT" in (caught.value.hint or "")
