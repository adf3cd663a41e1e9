"""The beginning of an event stream (WHATWG HTML, 9.2), as far as it must be read to know what comes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["first_event", "is_answer"]

_END = re.compile(rb"(?:\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)")
_LONGEST_END = 4
_ANSWER = re.compile(
    rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?(?:"id"\s*:\s*(?:\d+|"[^"\\]{0,200}")\s*,\s*)?"(?:result|error)"\s*:'
)
"""How a JSON-RPC response begins; no request and no notification does."""


async def first_event(parts: AsyncIterator[bytes], max_bytes: int) -> tuple[bytes, bytes | None]:
    """Read a stream up to the end of its first block.

    Returns what was read, and the data of the block, if that is a message with one line of data.

    Raises:
        TransportError: if the connection breaks before.
    """
    read: list[bytes] = []
    size = 0
    tail = b""
    async for part in parts:
        read.append(part)
        size += len(part)
        if size > max_bytes:
            return b"".join(read), None
        may_end = b"\n" in part or b"\r" in part  # most parts of a large event hold none
        end = _END.search(tail + part) if may_end else None
        if end is not None:
            begun = b"".join(read)
            return begun, _plain_data(begun[: size - len(part) - len(tail) + end.start()])
        tail = (tail + part)[1 - _LONGEST_END :]
    return b"".join(read), None


def is_answer(data: bytes) -> bool:
    """Return whether the data of an event is the response to a request, by how it begins.

    >>> is_answer(b'{"jsonrpc":"2.0","id":1,"result":{}}'), is_answer(b'{"result":{},"jsonrpc":"2.0","id":1}')
    (True, True)
    >>> is_answer(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"result":1}}')
    False
    """
    return _ANSWER.match(data) is not None


def _plain_data(block: bytes) -> bytes | None:
    data: bytes | None = None
    for line in block.splitlines():
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data" and data is None:
            data = value
        elif name == b"data" or (name == b"event" and value != b"message"):
            return None
    return data
