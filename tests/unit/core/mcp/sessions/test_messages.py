"""Messages of a process, however they arrive in pieces."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.sessions.codes import BAD_RESULT, RESULT_TOO_LARGE
from vibe_jupyter.core.mcp.sessions.noise import Noise
from vibe_jupyter.core.mcp.sessions.stdio import Messages

LIMIT = 300

texts = st.text(st.characters(codec="utf-8"), max_size=60)
cuts = st.lists(st.integers(0, 2000), max_size=30)


def python(request_id: int, text: str) -> bytes:
    """Return a result as a server in Python writes it."""
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "result": {"text": text}}).encode()


def typescript(request_id: int, text: str) -> bytes:
    """Return a result as a server in TypeScript writes it."""
    return json.dumps({"result": {"text": text}, "jsonrpc": "2.0", "id": request_id}).encode()


async def read(data: bytes, cuts: list[int], limit: int = LIMIT) -> tuple[list[Any], int]:
    reader = asyncio.StreamReader()
    places = sorted({cut for cut in cuts if cut < len(data)})
    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]

    async def feed() -> None:
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()

    noise = Noise()
    messages = Messages(reader, limit, noise)
    feeding = asyncio.create_task(feed())
    found = [item.message async for item in messages]
    await feeding
    assert messages.ended.done()
    return found, noise.lines


@given(st.lists(texts, max_size=6), cuts)
def test_it_does_not_matter_where_they_are_cut(texts: list[str], cuts: list[int]) -> None:
    data = b"".join(python(number, text) + b"\n" for number, text in enumerate(texts))
    found, noise = asyncio.run(read(data, cuts, limit=10_000))
    assert [message.result["text"] for message in found] == texts
    assert noise == 0


@pytest.mark.parametrize("write", [python, typescript])
@given(st.integers(1, 9999), st.integers(LIMIT, 2000), cuts)
def test_one_that_is_too_long_is_an_error_of_its_own_call(
    write: Any, request_id: int, size: int, cuts: list[int]
) -> None:
    data = b"".join(
        line + b"\n" for line in (write(1, "before"), write(request_id, "x" * size), write(2, "after"))
    )
    (before, refused, after), noise = asyncio.run(read(data, cuts))
    assert (before.result["text"], after.result["text"]) == ("before", "after")
    assert (refused.id, refused.error.code, noise) == (request_id, RESULT_TOO_LARGE, 0)


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=6), cuts)
def test_what_is_no_message_is_counted_and_does_no_harm(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines) + python(1, "last") + b"\n"
    found, noise = asyncio.run(read(data, cuts))
    assert found[-1].result["text"] == "last"
    assert noise + len(found) - 1 == sum(bool(line.strip(b" \t\r")) for line in lines)


def test_a_line_that_is_not_finished_is_no_message() -> None:
    assert asyncio.run(read(python(1, "half")[:-5], [])) == ([], 0)


@pytest.mark.parametrize("write", [python, typescript])
def test_a_large_one_is_read_as_a_small_one_is(write: Any) -> None:
    odd = '{"jsonrpc": "2.0", "id": 3, "result": {"n": NaN, "i": 123456789012345678901234567890}}'
    deep = '{"jsonrpc": "2.0", "id": 4, "result": ' + "[" * 300_000 + "]" * 300_000 + "}"
    large = odd.replace('"n"', '"x": "' + "x" * 300_000 + '", "n"')
    lines = [write(1, "x" * 300_000), odd.encode(), large.encode(), deep.encode(), write(2, "last")]
    found, noise = asyncio.run(read(b"".join(line + b"\n" for line in lines), [], limit=10_000_000))
    assert [message.id for message in found] == [1, 3, 3, 4, 2]
    assert found[1].result["i"] == found[2].result["i"] == 123456789012345678901234567890
    assert math.isnan(found[1].result["n"])
    assert math.isnan(found[2].result["n"])
    assert found[3].error.code == BAD_RESULT
    assert noise == 0


LARGE = "x" * 300_000
ODD = [
    (rb'{"jsonrpc":"2.0","id":7,"result":{"text":"caf\ud83d"}}', {"text": "caf\ufffd"}),
    (
        rb'{"jsonrpc":"2.0","id":7,"result":{"text":"\udc00 \ud83d\ude00 \\ud83d"}}',
        {"text": "\ufffd \U0001f600 \\ud83d"},
    ),
    (b'{"jsonrpc":"2.0","id":7,"result":{"text":"caf\xe9"}}', {"text": "caf\ufffd"}),
    (b'{"jsonrpc":"2.0","id":7.0,"result":{"text":"x"}}', {"text": "x"}),
    (b'{"id":7,"jsonrpc":"2.0","result":{"text":"x","text":"y"}}', {"text": "y"}),
]


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize(("line", "result"), ODD)
def test_an_answer_that_is_a_little_odd_is_read(
    line: bytes, result: dict[str, Any], *, is_large: bool
) -> None:
    if is_large:
        line = line.replace(b'"text"', b'"large":"' + LARGE.encode() + b'","text"', 1)
        result = {"large": LARGE, **result}
    (message,), noise = asyncio.run(read(line + b"\n", [], limit=10_000_000))
    assert (message.id, message.result, noise) == (7, result | {"resultType": "complete"}, 0)


def test_one_that_is_nested_deeper_than_pydantic_reads_is_read() -> None:
    line = b'{"jsonrpc":"2.0","id":7,"result":{"deep":' + b"[" * 600 + b"]" * 600 + b"}}"
    (message,), noise = asyncio.run(read(line + b"\n", [], limit=10_000))
    assert (message.id, noise) == (7, 0)
    assert message.result["deep"] == json.loads("[" * 600 + "]" * 600)


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","id":7,"result":{"deep":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
        b'{"jsonrpc":"2.0","id":7,"result":{"x":nan}}',
        b'{"jsonrpc":"2.0","id":7,"result":[1]}',
        b'{"jsonrpc":"2.0","id":7.0,"result":"x"}',
        b'{"result":{"x":oops},"jsonrpc":"2.0","id":7}',
        b'{"jsonrpc":"2.0","id":7,"error":"no"}',
        b'{"jsonrpc":"2.0","id":7,"error":{"code":"x","message":1}}',
        b'{"jsonrpc":"1.0","id":7,"result":{}}',
    ],
)
def test_an_answer_that_cannot_be_read_fails_its_own_call(line: bytes, *, is_large: bool) -> None:
    if is_large:
        line = b" " * 100 + line + b" " * 100 if line.endswith(b":7}") else line + b" " * 300_000
    (message,), noise = asyncio.run(read(line + b"\n", [], limit=10_000_000))
    assert (message.id, message.error.code, noise) == (7, BAD_RESULT, 0)


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","id":7,"method":5}',
        b'{"jsonrpc":"2.0","id":7,"method":"x","params":{nope}}',
        b'{"jsonrpc":"2.0","id":true,"result":[1]}',
        b'{"jsonrpc":"2.0","id":7.5,"result":{}}',
        b'{"jsonrpc":"2.0"}',
        b'["jsonrpc"]',
    ],
)
def test_what_answers_no_call_fails_none(line: bytes) -> None:
    assert asyncio.run(read(line + b"\n", [], limit=10_000)) == ([], 1)


def test_a_result_is_complete_unless_it_says_something_else() -> None:
    lines = [
        python(1, "old"),
        b'{"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{}}}',
        b'{"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"no"}}',
    ]
    found, _ = asyncio.run(read(b"\n".join([*lines, b""]), [], limit=10_000))
    assert [message.result["resultType"] for message in found[:2]] == ["complete", "input_required"]
    assert found[2].error.message == "no"
