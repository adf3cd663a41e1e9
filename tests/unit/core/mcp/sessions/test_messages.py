"""Messages of a process, however they arrive in pieces."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.sessions.codes import RESULT_TOO_LARGE
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

    messages = Messages(reader, limit)
    feeding = asyncio.create_task(feed())
    found = [item.message async for item in messages]
    await feeding
    assert messages.ended.done()
    return found, messages.noise_lines


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
    assert noise + len(found) - 1 == sum(bool(line.strip()) for line in lines)


def test_a_line_that_is_not_finished_is_no_message() -> None:
    assert asyncio.run(read(python(1, "half")[:-5], [])) == ([], 0)


@pytest.mark.parametrize("write", [python, typescript])
def test_a_large_one_is_read_as_a_small_one_is(write: Any) -> None:
    odd = '{"jsonrpc": "2.0", "id": 3, "result": {"n": NaN, "i": 123456789012345678901234567890}}'
    deep = '{"jsonrpc": "2.0", "id": 4, "result": ' + "[" * 300_000 + "]" * 300_000 + "}"
    large = odd.replace('"n"', '"x": "' + "x" * 300_000 + '", "n"')
    lines = [write(1, "x" * 300_000), odd.encode(), large.encode(), deep.encode(), write(2, "last")]
    found, noise = asyncio.run(read(b"".join(line + b"\n" for line in lines), [], limit=10_000_000))
    assert [message.id for message in found] == [1, 3, 3, 2]
    assert found[1].result["i"] == found[2].result["i"] == 123456789012345678901234567890
    assert math.isnan(found[1].result["n"])
    assert math.isnan(found[2].result["n"])
    assert noise == 1


def test_a_result_is_complete_unless_it_says_something_else() -> None:
    lines = [
        python(1, "old"),
        b'{"jsonrpc":"2.0","id":2,"result":{"resultType":"input_required","inputRequests":{}}}',
        b'{"jsonrpc":"2.0","id":3,"error":{"code":-32603,"message":"no"}}',
    ]
    found, _ = asyncio.run(read(b"\n".join([*lines, b""]), [], limit=10_000))
    assert [message.result["resultType"] for message in found[:2]] == ["complete", "input_required"]
    assert found[2].error.message == "no"
