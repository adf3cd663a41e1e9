"""Server-sent events as the standard reads them (HTML Living Standard, section 9.2), for tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Comment", "Event", "events_in", "read"]


@dataclass(frozen=True)
class Event:
    """One event with its fields as they were sent."""

    event: str
    data: dict[str, Any]
    id: str | None = None


@dataclass(frozen=True)
class Comment:
    """A line that a browser ignores: the heartbeat."""

    text: str


@dataclass
class _Pending:
    fields: dict[str, str] = field(default_factory=dict)

    def event(self) -> Event | None:
        known, self.fields = self.fields, {}
        if "data" not in known:
            return None
        return Event(known["event"], json.loads(known["data"]), known.get("id"))


def read(lines: Iterable[str]) -> Iterator[Event | Comment]:
    """Yield events and comments as they come."""
    pending = _Pending()
    for line in lines:
        if line.startswith(":"):
            yield Comment(line[1:].strip())
        elif line:
            name, _, value = line.partition(":")
            assert name in ("id", "event", "data", "retry"), line
            pending.fields[name] = value.removeprefix(" ")
        elif (event := pending.event()) is not None:
            yield event


def events_in(text: str) -> list[Event]:
    """Return the events of a whole stream."""
    return [item for item in read(text.splitlines()) if isinstance(item, Event)]
