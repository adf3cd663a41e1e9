"""The process that runs a server's tasks; its parent is described in `child`."""

from __future__ import annotations

import asyncio
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
from vibe_jupyter.core.tasks.execution.messages import encode, max_line_bytes
from vibe_jupyter.core.tasks.execution.tool_link import RemoteTools
from vibe_jupyter.core.workers.child import claim_pipes, die_with

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.calls import ToolCaller
    from vibe_jupyter.core.platform import Platform

__all__ = ["main"]

log = get_logger("tasks")

_NICENESS = 10
"""A server that answers is worth more than a task that ends a little earlier."""
_TOPICS_PER_MESSAGE = 1000


class Replies(NewsBoard):
    """The way back to the parent: what is said is written by a thread of its own, so that no task waits for it."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._writing = threading.Lock()
        self._waiting: SimpleQueue[str | bytes] = SimpleQueue()  # a topic of news, or a line
        threading.Thread(target=self._forward, name="vibe-news", daemon=True).start()

    def publish(self, topic: str) -> None:
        """Wake who listens here, and in the parent."""
        super().publish(topic)
        self._waiting.put(topic)

    def send(self, line: bytes) -> None:
        """Leave a line to be written."""
        self._waiting.put(line)

    def say(self, **message: Any) -> None:
        """Write a message at once."""
        self._write(encode(message))

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        with self._writing, suppress(BrokenPipeError):  # the parent is gone: the other pipe says so, too
            while rest:
                rest = rest[os.write(self._fd, rest) :]

    def _forward(self) -> None:
        while True:
            items = [self._waiting.get()]
            with suppress(Empty):
                while len(items) < _TOPICS_PER_MESSAGE:
                    items.append(self._waiting.get_nowait())
            if topics := list(dict.fromkeys(item for item in items if isinstance(item, str))):
                self.say(news=topics)
            for item in items:
                if isinstance(item, bytes):
                    self._write(item)


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
    settings = first["settings"]
    tools = RemoteTools(replies.send, max_line_bytes(settings["max_body_bytes"]))
    try:
        platform = _started(first, replies, tools)
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
                case {"cancel": str(task_id)}:  # not waited for: the parent may have more to say
                    asyncio.run_coroutine_threadsafe(_cancel(platform, task_id), platform.loop)
                case {"progress": _} | {"answer": _} as message:
                    tools.receive(message)
    tools.close()
    platform.stop()


async def _cancel(platform: Platform, task_id: str) -> None:
    try:
        await platform.execution.cancel(task_id)
    except Exception as error:  # nobody waits for it; the task's row says that it shall end
        log.exception("task was not cancelled", task_id=task_id, reason=str(error))


def _started(first: dict[str, Any], news: NewsBoard, tools: ToolCaller) -> Platform:
    from vibe_jupyter.core.platform import Platform
    from vibe_jupyter.core.settings import Settings

    settings = Settings(**first["settings"])
    platform = Platform(
        settings,
        Path(first["root"]),
        "worker",
        news=news,
        serves=first["serves"],
        tools=tools,
        tokens=first["tokens"],
    )
    platform.start()
    platform.call(platform.execution.start())
    return platform
