"""What a request to the fake hub ends with."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["Answer", "bytes_answer", "json_answer", "refusal"]


class Answer(Exception):
    """Status, headers and body; raised from wherever it is known."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    """Return an answer of JSON; `_` in the name of a header stands for `-`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(
        status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **named}
    )


def bytes_answer(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Return an answer of bytes."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, body, {"Content-Type": "application/octet-stream", **named})


def refusal(status: int, message: str, code: str | None = None, **more: Any) -> Answer:
    """Return a refusal as the hub words it: in headers and in the body."""
    headers = {"X_Error_Message": message.replace("\n", " ")} | ({"X_Error_Code": code} if code else {})
    return json_answer({"error": message, **more}, status, **headers)
