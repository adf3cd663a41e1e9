"""Events as a server sends them: however they are cut, and whatever characters are in them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.client.event_stream import EventDecoder
from vibe_jupyter.client.http import HttpTransport
from vibe_jupyter.core.status.schemas import API_LEVEL, API_LEVEL_HEADER
from vibe_jupyter.core.table import OPERATIONS

ODD = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\x1eh"
"""Characters at which `str.splitlines` splits, and an event stream does not."""


def decoded(data: bytes, cuts: list[int] | None = None) -> list[str]:
    places = sorted({cut for cut in cuts or [] if cut < len(data)})
    decoder = EventDecoder()
    return [
        event
        for start, end in zip([0, *places], [*places, len(data)], strict=True)
        for event in decoder.feed(data[start:end])
    ]


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), min_size=1), max_size=5
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 300), max_size=30),
)
def test_it_does_not_matter_how_lines_end_and_where_they_are_cut(
    events: list[list[str]], end: str, cuts: list[int]
) -> None:
    blocks = ["".join(f"data: {line}{end}" for line in lines) + end for lines in events]
    assert decoded("".join(blocks).encode(), cuts) == ["\n".join(lines) for lines in events]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (f"data: {ODD}\n\n", [ODD]),
        ("\ufeffdata: first\n\n", ["first"]),
        (": ping\n\nid: 1\nevent: x\ndata:a\ndata\n\n", ["a\n"]),
        ("data:  two spaces\n\ndatax: no\n\n", [" two spaces"]),
        ("data: no end\n", []),
    ],
)
def test_fields(stream: str, events: list[str]) -> None:
    assert decoded(stream.encode()) == events


def test_an_event_is_not_held_back_until_the_next_one() -> None:
    decoder = EventDecoder()
    assert list(decoder.feed(b"data: a\r\n\r")) == ["a"]
    assert list(decoder.feed(b"\ndata: b\n\n")) == ["b"]


def test_bytes_that_are_no_text_break_nothing() -> None:
    assert decoded(b"data: \xff\n\n") == ["\ufffd"]


@pytest.fixture
def server() -> Iterator[str]:
    """Yield the URL of a server whose tasks have one event with odd characters."""
    event = {
        "seq": 1,
        "type": "progress",
        "task_id": "t",
        "at": "2026-01-01T00:00:00Z",
        "data": {"message": ODD},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"id: 1\nevent: progress\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
            self.send_response(200)
            self.send_header(API_LEVEL_HEADER, str(API_LEVEL))
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_port}/"
        found.shutdown()
        thread.join()


def test_a_client_gets_them_whole(server: str) -> None:
    (operation,) = (one for one in OPERATIONS if one.name == "tasks.events")
    transport = HttpTransport(server)

    async def collected() -> list[str]:
        return [event.data["message"] async for event in transport.astream(operation, {"task_id": "t"})]

    assert [event.data["message"] for event in transport.stream(operation, {"task_id": "t"})] == [ODD]
    assert asyncio.run(collected()) == [ODD]
    transport.close()
