"""The process that runs a server's tasks; its parent is described in `child`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.events import NewsBoard
from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.memory import spare_collector
from vibe_jupyter.core.tasks.execution.messages import encode
from vibe_jupyter.core.workers.child import claim_pipes, die_with

if TYPE_CHECKING:
    from vibe_jupyter.core.platform import Platform

__all__ = ["main"]

log = get_logger("tasks")

_NICENESS = 10
"""A server that answers is worth more than a task that ends a little earlier."""
_TOPICS_PER_MESSAGE = 1000


class Replies(NewsBoard):
    """The way back to the parent: news of tasks, written by a thread of its own, so that no task waits for it."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._topics: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._forward, name="vibe-news", daemon=True).start()

    def publish(self, topic: str) -> None:
        """Wake who listens here, and in the parent."""
        super().publish(topic)
        self._topics.put(topic)

    def say(self, **message: Any) -> None:
        """Write a message at once."""
        line = memoryview(encode(message))
        with suppress(BrokenPipeError):  # the parent is gone: the other pipe says so, too
            while line:
                line = line[os.write(self._fd, line) :]

    def _forward(self) -> None:
        while True:
            topics = {self._topics.get(): None}
            with suppress(Empty):
                while len(topics) < _TOPICS_PER_MESSAGE:
                    topics[self._topics.get_nowait()] = None
            self.say(news=list(topics))


def main(parent_pid: int) -> None:
    """Run tasks until the parent closes the pipe."""
    die_with(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if sys.platform != "win32":
        os.nice(_NICENESS)
    requests, fd = claim_pipes()
    replies = Replies(fd)
    first = orjson.loads(requests.readline())
    try:
        platform = _started(first, replies)
    except VibeError as error:
        replies.say(problem=error.in_one_line)
        raise SystemExit(1) from None
    spare_collector()
    replies.say(ready=platform.execution.executor_id)
    with suppress(KeyboardInterrupt):  # SIGTERM
        for line in requests:
            match orjson.loads(line):
                case {"wake": True}:
                    platform.execution.wake()
                case {"cancel": str(task_id)}:
                    _cancel(platform, task_id)
    platform.stop()


def _cancel(platform: Platform, task_id: str) -> None:
    try:
        platform.call(platform.execution.cancel(task_id))
    except VibeError as error:
        log.error("task was not cancelled", task_id=task_id, reason=str(error))


def _started(first: dict[str, Any], news: NewsBoard) -> Platform:
    from vibe_jupyter.core.platform import Platform
    from vibe_jupyter.core.settings import Settings

    settings = Settings(**first["settings"])
    platform = Platform(settings, Path(first["root"]), "worker", news=news, serves=first["serves"])
    platform.start()
    platform.call(platform.execution.start())
    return platform
