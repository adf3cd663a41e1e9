"""The beginning of an event stream: an answer that comes first is taken as one, everything else is left as it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.sessions.events import first_event, is_answer

ANSWER = b'{"jsonrpc":"2.0","id":1,"result":{"a":"b"}}'


def read(data: bytes, cuts: list[int] | None = None, limit: int = 10_000) -> tuple[bytes, bytes | None]:
    places = sorted({cut for cut in cuts or [] if cut < len(data)})

    async def parts() -> AsyncIterator[bytes]:
        for a, b in zip([0, *places], [*places, len(data)], strict=True):
            yield data[a:b]

    async def run() -> tuple[bytes, bytes | None]:
        stream = parts()
        begun, event = await first_event(stream, limit)
        rest = b"".join([part async for part in stream])
        assert begun + rest == data  # nothing is lost
        return begun, event

    return asyncio.run(run())


ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(
    ends, ends, ends, st.lists(st.integers(0, 200), max_size=20), st.sampled_from([b"", b"event: message"])
)
def test_an_answer_is_found_however_it_is_cut(
    one: bytes, two: bytes, three: bytes, cuts: list[int], name: bytes
) -> None:
    if (two, three) == (b"\r", b"\n"):
        three = b"\r\n"  # else they would be one
    named = name + one if name else b""
    block = b"id: 7" + one + named + b"data: " + ANSWER + two + three
    assert read(block + b": the rest", cuts)[1] == ANSWER


@pytest.mark.parametrize(
    "block",
    [
        b": ping\n\n",
        b"id: 1\ndata:\n\n",
        b"event: endpoint\ndata: /messages\n\n",
        b'data: {"jsonrpc":"2.0","id":1,\ndata: "result":{}}\n\n',
        b'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n',
        b"data: no end",
        b"",
    ],
)
def test_anything_else_is_none(block: bytes) -> None:
    event = read(block)[1]
    assert event is None or not is_answer(event)


def test_one_that_is_too_long_is_given_up() -> None:
    begun, event = read(b"data: " + b"x" * 500, [100, 200, 300], limit=250)
    assert event is None
    assert len(begun) > 250


def test_a_request_of_the_server_is_no_answer() -> None:
    assert not is_answer(b'{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{"result":{}}}')
    assert not is_answer(b'{"method":"x","result":1}')
    assert is_answer(b' { "error" : {}, "jsonrpc":"2.0","id":1}')
