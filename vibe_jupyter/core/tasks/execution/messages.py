"""What a server and the process that runs its tasks say to each other: one JSON object in a line.

To the child, first `{"settings", "root", "serves", "tokens"}`, then `{"wake": true}` (there is something in the
outbox) and `{"cancel": task_id}`; the end of the pipe ends it. From the child `{"ready": executor_id}` once,
`{"news": [task_id]}` when events of these tasks were stored, and `{"problem": text}` when it cannot start.

The sessions with MCP servers are the parent's. A task that needs a tool says `{"call": n, "request": {...}}`, with the
fields of a `ToolRequest`, and perhaps `{"cancel_call": n}`. The parent says `{"progress": n, "of": {"fraction",
"message"}}` and at last `{"answer": n, "result": {...}}`, a `ToolResult`, or `{"answer": n, "error": {...}}`, problem
details; a call that was cancelled gets no answer. What is in flight when either ends fails.

Neither side waits for the other before it reads on, however large a message is: each writes what waits in turn, as the
other takes it.
"""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["encode", "max_line_bytes"]

_SMALL = 2**20
_GROWTH = 4
"""So much longer a body may become when it is written anew: `1e9` is then 1000000000.0."""


def max_line_bytes(max_body_bytes: int) -> int:
    """Return how long a line may be: as large as a task's input may be, and something more."""
    return _SMALL + _GROWTH * max_body_bytes


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as a line."""
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
