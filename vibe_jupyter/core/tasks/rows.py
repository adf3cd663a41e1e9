"""How a task's row becomes the API's JSON: what is JSON text in the row passes through as it is."""

from __future__ import annotations

from typing import Any

import orjson

from vibe_jupyter.core.database.models import Task as TaskModel
from vibe_jupyter.core.database.models import table_of

__all__ = ["COLUMNS", "dump", "encode", "task_json"]

_TABLE = table_of(TaskModel)
_NAMES = (
    "id", "type", "input", "required_capabilities", "state", "target_id", "target_type", "progress", "result",
    "error", "created_at", "started_at", "finished_at", "capability", "parts", "priority", "timeout_s",
    "project_id", "root", "retry_of", "attempts",
)  # fmt: skip
COLUMNS = tuple(_TABLE.c[name] for name in _NAMES)
"""What is selected for `task_json`, in this order."""

_FRAGMENT = orjson.Fragment
_EMPTY = orjson.Fragment(b"[]")


def task_json(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row of `COLUMNS` as what orjson encodes to the API's task."""
    (
        id_, type_, input_, required, state, target_id, target_type, progress, result,
        error, created_at, started_at, finished_at, capability, parts, priority, timeout_s,
        project_id, root, retry_of, attempts,
    ) = row  # fmt: skip
    fragment = _FRAGMENT
    return {
        "id": id_,
        "type": type_,
        "input": fragment(input_),
        "required_capabilities": fragment(required),
        "state": state,
        "target": None if target_id is None else {"id": target_id, "type": target_type},
        "progress": None if progress is None else fragment(progress),
        "result": None if result is None else fragment(result),
        "error": None if error is None else fragment(error),
        "created_at": created_at,
        "started_at": started_at,
        "finished_at": finished_at,
        "capability": capability,
        "parts": _EMPTY if parts is None else fragment(parts),
        "priority": priority,
        "timeout_s": timeout_s,
        "project_id": project_id,
        "root": root,
        "retry_of": retry_of,
        "attempts": attempts,
    }


def encode(value: Any) -> bytes:
    """Return JSON with the fragments in it."""
    return orjson.dumps(value)


def dump(value: Any) -> str:
    """Return JSON as text, for a column; NaN and infinities become null, as JSON has none."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
