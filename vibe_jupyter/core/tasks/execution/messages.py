"""What a server and the process that runs its tasks say to each other: one JSON object in a line.

To the child, first `{"settings", "root", "serves"}`, then `{"wake": true}` (there is something in the outbox) and
`{"cancel": task_id}`; the end of the pipe ends it. From the child `{"ready": executor_id}` once, `{"news": [task_id]}`
when events of these tasks were stored, and `{"problem": text}` when it cannot start.
"""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["MAX_LINE_BYTES", "encode"]

MAX_LINE_BYTES = 2**20


def encode(message: dict[str, Any]) -> bytes:
    """Return a message as a line."""
    return orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE)
