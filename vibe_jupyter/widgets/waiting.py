"""Wait for the call of a tool: a line when it takes long, its questions to the person, an interrupt that cancels."""

from __future__ import annotations

import queue
import time
import uuid
from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.pending import PendingCall
from vibe_jupyter.core.errors import Failed, VibeError
from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.questions.schemas import Question
from vibe_jupyter.widgets.asking.desk import Desk, tell
from vibe_jupyter.widgets.status_line import line_here

if TYPE_CHECKING:
    from vibe_jupyter.client.namespaces import BaseClient
    from vibe_jupyter.client.tool_results import CallResult

__all__ = ["call_tool"]

_QUIET_S = 0.3
"""A call that is answered sooner shows its result only, and costs no look for questions."""
_TICK_S = 0.5


def call_tool(
    client: BaseClient,
    server: str,
    tool: str,
    arguments: dict[str, Any],
    timeout_s: float | None = None,
) -> CallResult:
    """Call a tool and return what it answered, also if that is that it failed.

    Raises:
        Failed: `mcp.cancelled`, after an interrupt.
        VibeError: why there is no answer.
    """
    values: dict[str, Any] = {
        "mcp_id": server,
        "tool": tool,
        "arguments": arguments,
        "call_id": uuid.uuid4().hex,
    }
    if timeout_s is not None:
        values["timeout_s"] = timeout_s
    execute = next(operation for operation in client.operations if operation.name == "mcps.execute")
    news: queue.SimpleQueue[Question | VibeError | None] = queue.SimpleQueue()
    name = clean(f"{server}.{tool}", limit=80)
    line = line_here()
    with Desk(client, news.put, call_id=values["call_id"]) as desk:
        call = PendingCall(client.transport, execute, values)
        call.when_done(lambda: news.put(None))
        began = time.monotonic()
        try:
            while (item := _next(news, _TICK_S if line.is_shown else _QUIET_S)) is not None:
                if isinstance(item, Question):
                    line.end()
                    desk.ask(item)
                elif isinstance(item, VibeError):
                    line.end()
                    tell(f"questions of this call cannot be seen: {item.in_one_line}")
                else:
                    desk.open()
                    line.show(f"▸ {name} · {time.monotonic() - began:.0f} s · interrupt cancels")
            line.end()
            result: CallResult = client.wrap(call.result())
        except KeyboardInterrupt:
            call.cancel()
            line.end()
            raise _interrupted(name) from None
        except VibeError as error:
            raise _told_what_to_decide(error, desk, server, tool) from None
        return result


class _Nothing:
    """Nothing has happened for a while."""


def _next(
    news: queue.SimpleQueue[Question | VibeError | None], timeout_s: float
) -> Question | VibeError | _Nothing | None:
    try:
        return news.get(timeout=timeout_s)
    except queue.Empty:
        return _Nothing()


def _interrupted(name: str) -> Failed:
    return Failed(
        f"interrupted: the call of {name} was cancelled",
        code="mcp.cancelled",
        hint="the server was told to stop; what the tool had done by then is done",
        data={"maybe_executed": True},
    )


def _told_what_to_decide(error: VibeError, desk: Desk, server: str, tool: str) -> VibeError:
    """Return the error, which says how to decide beforehand what nobody was there to decide."""
    if error.code == "mcp.approval_rejected" and any(one.kind == "approval" for one in desk.declined):
        error.hint = f"nobody can be asked here; decide before: %vibe mcp set {server} --tool {tool}=always"
    return error
