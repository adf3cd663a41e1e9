"""Tasks and results to be rendered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from vibe_jupyter.core.tasks.schemas import Task

NOW = datetime(2026, 11, 25, 14, 31, 43, tzinfo=UTC)
TASK_ID = "01936a2e-7c31-7d4a-9b02-0000deadbeef"


def make_task(capability: str = "file.search", result: Any = None, **fields: Any) -> Task:
    """A task of three minutes ago that took 0.04 s; `fields` say what is different."""
    state = fields.pop("state", "succeeded")
    took_s = fields.pop("took_s", 0.04)
    created = fields.pop("created_at", NOW - timedelta(minutes=3))
    has_ended = state in ("succeeded", "failed", "cancelled")
    values: dict[str, Any] = {
        "id": TASK_ID,
        "type": capability.replace(".", "_"),
        "capability": capability,
        "input": {"query": "where is the login handled?", "path": "."},
        "required_capabilities": [],
        "state": state,
        "target": {"id": capability.replace(".", "_"), "type": "oracle"},
        "progress": None,
        "result": result,
        "error": None,
        "created_at": created,
        "started_at": None if state == "queued" else created,
        "finished_at": created + timedelta(seconds=took_s) if has_ended else None,
        "timeout_s": 600,
        "root": "/home/ada/shop",
    }
    return Task(**{**values, **fields})


def make_match(
    path: str = "src/session.py", line: int | None = 41, preview: str = "def login():", **fields: Any
) -> Any:
    return {
        "path": path,
        "line": line,
        "preview": preview,
        "score": 1.0,
        "spans": [],
        "kind": "content",
        **fields,
    }


def make_search(*matches: Any, **fields: Any) -> dict[str, Any]:
    return {
        "query": "login",
        "mode": "words",
        "words": ["login"],
        "root": "/home/ada/shop",
        "matches": list(matches),
        "total_matches": len(matches),
        "truncated": False,
        "files_searched": 212,
        "files_skipped": {},
        **fields,
    }
