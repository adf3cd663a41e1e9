"""Faults that a test plans for requests to come, and the journal of those that came."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "Faults", "JournalEntry"]


@dataclass
class Fault:
    """What goes wrong with requests that match.

    Args:
        pattern: regular expression, searched in `METHOD /path?query`.
        status: is answered instead of handling the request.
        body: of that answer.
        headers: of that answer.
        drop: the connection breaks, `before` or `after` the request was handled; or in the middle of the answer.
        stall: nothing is answered until the test is over.
        garble: the request is handled, and `body` is answered with status 200.
        times: how many requests it happens to.
        skip: how many are let through first.
    """

    pattern: str
    status: int | None = None
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: Literal["before", "after", "middle"] | None = None
    stall: bool = False
    garble: bool = False
    times: int = 1
    skip: int = 0

    def takes(self, request: str) -> bool:
        """Say whether it happens to a request, and count it."""
        if self.times <= 0 or not re.search(self.pattern, request):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass(frozen=True)
class JournalEntry:
    """A request that came. There is no token in it.

    Args:
        status: of the answer; 0 if the connection broke.
        authorized: whether a token came with it.
        agent: what the client says it is.
    """

    method: str
    path: str
    status: int
    authorized: bool
    agent: str

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class Faults:
    """The plan and the journal of one hub; of all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []
        self.journal: list[JournalEntry] = []

    def plan(self, fault: Fault) -> None:
        with self._lock:
            self._planned.append(fault)

    def for_request(self, request: str) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._planned if fault.takes(request)), None)

    def note(self, entry: JournalEntry) -> None:
        with self._lock:
            self.journal.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()
            self.journal.clear()

    def count(self, pattern: str) -> int:
        """Return how many requests have come whose `METHOD /path` matches."""
        with self._lock:
            return sum(1 for entry in self.journal if re.search(pattern, entry.line))

    def counts(self) -> Counter[str]:
        """Return how many requests have come, by method and path without query."""
        with self._lock:
            return Counter(entry.line.partition("?")[0] for entry in self.journal)
