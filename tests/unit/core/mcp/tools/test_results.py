"""What a tool gives is shown within bounds, and the rest is kept in files that the result names."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from typing import Any

import pytest
from mcp_types import CallToolResult, GetPromptResult, ReadResourceResult

from vibe_jupyter.core.mcp.schemas import Content, ToolResult
from vibe_jupyter.core.mcp.tools.results import contents_of, messages_of, off_loop_if_large, tool_result


class Files:
    """What was put aside, by handle."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, str]] = {}

    def __call__(self, content: bytes, media_type: str) -> str:
        handle = f"{len(self.kept):032x}"
        self.kept[handle] = content, media_type
        return handle

    def of(self, part: Content) -> bytes:
        assert part.handle is not None
        return self.kept[part.handle][0]


@pytest.fixture
def files() -> Files:
    return Files()


def raw_of(*content: dict[str, Any], structured: Any = None) -> CallToolResult:
    return CallToolResult.model_validate({"content": list(content), "structuredContent": structured})


def shown(files: Files, raw: CallToolResult) -> ToolResult:
    return tool_result(raw, server="s", tool="t", duration_ms=1, keep=files)


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def inline_bytes(result: ToolResult) -> int:
    return sum(len(part.text or "") + len(part.data or "") for part in result.content)


def test_a_hundred_texts_that_are_each_small_enough_are_not_all_shown(files: Files) -> None:
    words = [f"{number:03}" + "x" * 60_000 for number in range(100)]
    result = shown(files, raw_of(*map(text, words)))
    assert len(result.content) == 100
    assert inline_bytes(result) < 5 * 2**20
    assert result.content[0].text == words[0]
    assert result.content[-1].text == words[-1][:2000]
    assert files.of(result.content[-1]).decode() == words[-1]
    assert result.content[-1].size_bytes == len(words[-1])


def test_what_is_short_is_shown_also_when_there_is_no_more_room(files: Files) -> None:
    result = shown(files, raw_of(*[text("x" * 250_000)] * 20, text("the end")))
    assert (result.content[-1].text, result.content[-1].handle) == ("the end", None)


def test_pictures_that_are_much_together_are_files_of_their_own(files: Files) -> None:
    data = b"\x89PNG" + bytes(3 * 2**20)
    picture = {"type": "image", "data": base64.b64encode(data).decode(), "mimeType": "image/png"}
    first, second = shown(files, raw_of(picture, picture)).content
    assert first.handle is None
    assert second.data is None
    assert files.of(second) == data
    assert files.kept[second.handle or ""][1] == "image/png"


def test_pieces_that_are_too_many_are_one_file(files: Files) -> None:
    result = shown(files, raw_of(*(text(f"piece {number}") for number in range(1200))))
    assert len(result.content) == 501
    assert result.content[499].text == "piece 499"
    rest = result.content[-1]
    assert (rest.type, rest.mime_type, rest.name) == ("resource", "application/json", "more_content")
    assert rest.text == "[700 more of 1,200 pieces are in a file]"
    assert json.loads(files.of(rest)) == [text(f"piece {number}") for number in range(500, 1200)]
    assert len(files.kept) == 1


def test_five_hundred_pieces_are_shown(files: Files) -> None:
    assert len(shown(files, raw_of(*[text("x")] * 500)).content) == 500
    assert not files.kept


def test_words_about_a_piece_are_bounded_and_can_be_stored(files: Files) -> None:
    link = {"type": "resource_link", "uri": "a:" + "u" * 10_000, "name": "n\x00" + "n" * 10_000}
    (part,) = shown(files, raw_of({**link, "description": "d" * 10_000, "title": "t" * 10_000})).content
    assert (part.name or "").startswith("n\ufffdn")
    assert [len(word or "") for word in (part.uri, part.name, part.title, part.description)] == [
        8192,
        500,
        500,
        2000,
    ]


def test_numbers_beyond_64_bits_are_texts(files: Files) -> None:
    result = shown(files, raw_of(structured={"big": 2**70, "small": [-(2**63), True]}))
    assert result.structured_content == {"big": str(2**70), "small": [-(2**63), True]}


def test_a_resource_and_a_prompt_are_bounded_too(files: Files) -> None:
    contents = [{"uri": "a:b", "text": "x"} for _ in range(600)]
    found = contents_of(ReadResourceResult.model_validate({"contents": contents}), files)
    assert len(found) == 501
    assert json.loads(files.of(found[-1])) == contents[500:]
    messages = [{"role": "assistant", "content": text("x")} for _ in range(600)]
    said = messages_of(GetPromptResult.model_validate({"messages": messages}), files)
    assert len(said) == 501
    assert json.loads(files.of(said[-1].content)) == messages[500:]


def thread_of(raw: Any) -> str:
    return asyncio.run(off_loop_if_large(raw, lambda: threading.current_thread().name))


@pytest.mark.parametrize(
    "raw",
    [
        raw_of(*[text("x")] * 10_000),
        raw_of(text("x" * 100_000)),
        raw_of({"type": "resource", "resource": {"uri": "a:b", "text": "x" * 100_000}}),
        raw_of(structured={"rows": [{"a": 1}] * 10_000}),
        raw_of(structured={str(number): number for number in range(10_000)}),
        raw_of(structured={"a": {"b": ["x" * 100_000]}}),
        ReadResourceResult.model_validate({"contents": [{"uri": "a:b", "blob": "x" * 100_000}]}),
        GetPromptResult.model_validate({"messages": [{"role": "user", "content": text("x" * 100_000)}]}),
    ],
)
def test_what_is_large_is_converted_beside_the_loop(raw: Any) -> None:
    assert thread_of(raw) != threading.main_thread().name


@pytest.mark.parametrize("raw", [raw_of(), raw_of(text("x" * 1000), structured={"rows": [{"a": 1}] * 100})])
def test_what_is_small_is_converted_at_once(raw: Any) -> None:
    assert thread_of(raw) == threading.main_thread().name


def test_of_structured_content_that_is_too_large_the_first_rows_are_shown_as_json(files: Files) -> None:
    rows = [{"city": "Bern", "people": n, "note": "x" * 50} for n in range(30_000)]
    result = shown(files, raw_of(text("rows"), structured={"rows": rows, "unit": "people"}))
    assert result.structured_content is None
    kept = result.content[-1]
    assert (kept.name, kept.description) == ("structured_content", "rows: 30,000 items")
    assert json.loads(kept.text or "") == {"rows": rows[:20], "unit": "people"}
    assert json.loads(files.of(kept)) == {"rows": rows, "unit": "people"}


def test_a_sample_is_small_whatever_it_is_of(files: Files) -> None:
    deep: Any = "x" * 1_200_000
    for _ in range(50):
        deep = {"k" * 1000: [deep, 1]}
    wide = {f"{n}": ["y" * 200] * 100 for n in range(1000)}
    for structured in (deep, wide, ["z" * 2_000_000], {"rows": [wide] * 2}):
        (kept,) = shown(files, raw_of(structured={"result": structured})).content
        assert len(kept.text or "") <= 8000
        json.loads(kept.text or "")
