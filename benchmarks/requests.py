"""Requests for the load generator, as ready bytes: ids, users and bodies vary from one to the next.

They are plain picklable data, because the generator runs in a process of its own.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

__all__ = ["CreateTask", "Fixed", "GetTask", "History", "Requests", "Target"]


class Requests(Protocol):
    """An endless supply of requests."""

    def __iter__(self) -> Iterator[bytes]:
        """Begin a new supply."""
        ...


@dataclass(frozen=True)
class Target:
    """Where requests go: a port of this machine, the path of the API on it, and the credentials."""

    port: int
    api: str = ""
    authorization: str | None = None

    def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return one HTTP/1.1 request as bytes."""
        lines = [
            f"{method} {self.api}{path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Accept: application/json",
        ]
        if self.authorization:
            lines.append(f"Authorization: {self.authorization}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


@dataclass(frozen=True)
class Fixed:
    """The same request for ever."""

    target: Target
    method: str
    path: str
    body: bytes | None = None

    def __iter__(self) -> Iterator[bytes]:
        return itertools.repeat(self.target.request(self.method, self.path, self.body))


@dataclass(frozen=True)
class GetTask:
    """`GET /tasks/{id}` with ids in random order."""

    target: Target
    ids: tuple[str, ...]

    def __iter__(self) -> Iterator[bytes]:
        ready = [self.target.request("GET", f"/tasks/{task_id}") for task_id in self.ids]
        random.Random(7).shuffle(ready)
        return itertools.cycle(ready)


@dataclass(frozen=True)
class History:
    """`GET /tasks/history?limit=20`."""

    target: Target
    limit: int = 20

    def __iter__(self) -> Iterator[bytes]:
        return itertools.repeat(self.target.request("GET", f"/tasks/history?limit={self.limit}"))


@dataclass(frozen=True)
class CreateTask:
    """`POST /tasks` with a file search whose query differs each time."""

    target: Target
    path: str
    """The folder to search, absolute."""

    def __iter__(self) -> Iterator[bytes]:
        for number in itertools.count():
            body = {"type": "file_search", "input": {"query": f"needle {number}", "path": self.path}}
            yield self.target.request("POST", "/tasks", json.dumps(body).encode())
