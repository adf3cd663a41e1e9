"""A call in flight: its clock, which stops while a person is asked, and who is asked for it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.spec import ElicitationAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vibe_jupyter.core.mcp.spec import Elicitation

    Elicit = Callable[[Elicitation], Awaitable[ElicitationAnswer]]

__all__ = ["Running", "running_call"]

_MOST_QUESTIONS = 20

log = get_logger("mcp")

running_call: ContextVar[Running | None] = ContextVar("mcp_call", default=None)
"""The call that this code runs for; may be over, in what was started by it and lives on."""


class Running:
    """One call.

    Args:
        limit_s: how long an answer may take, not counting the time in which a person is asked.
        elicit: asks a person; None if there is nobody.

    Attributes:
        timeout: to be entered around the call.
        asked_s: for how long a person was asked.
    """

    def __init__(self, limit_s: float, elicit: Elicit | None) -> None:
        self.timeout = asyncio.timeout(limit_s)
        self.elicit = elicit
        self.asked_s = 0.0
        self._limit_s = limit_s
        self._asking: set[asyncio.Future[ElicitationAnswer]] = set()
        self._questions = 0
        self._is_over = False
        self._left_s = 0.0
        self._stopped_at = 0.0

    async def ask(self, elicitation: Elicitation) -> ElicitationAnswer:
        """Ask the person; when the call ends meanwhile, nobody needs the answer any more.

        Each question is stored and shown, so one call may not put any number of them: the rest is declined.
        """
        assert self.elicit is not None
        if self._is_over:
            return ElicitationAnswer("cancel")
        self._questions += 1
        if self._questions > _MOST_QUESTIONS:
            if self._questions == _MOST_QUESTIONS + 1:
                log.warning("a call asks too much", questions=_MOST_QUESTIONS)
            return ElicitationAnswer("decline")
        self._stop_clock()
        task = asyncio.ensure_future(self.elicit(elicitation))
        self._asking.add(task)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            self._asking.discard(task)
            self._let_clock_run()
        if task.cancelled():
            return ElicitationAnswer("cancel")
        if (error := task.exception()) is not None:
            log.warning("a person could not be asked", reason=str(error))
            return ElicitationAnswer("cancel")
        return task.result()

    def end(self) -> None:
        """Note that the call is over: nobody is asked for it any more."""
        self._is_over = True
        for task in self._asking:
            task.cancel()

    def _stop_clock(self) -> None:
        if self._asking:
            return
        self._stopped_at = asyncio.get_running_loop().time()
        deadline = self.timeout.when()
        self._left_s = self._limit_s if deadline is None else deadline - self._stopped_at
        if not self.timeout.expired():  # else the call ends just now
            self.timeout.reschedule(None)

    def _let_clock_run(self) -> None:
        if self._asking or self._is_over:
            return
        now = asyncio.get_running_loop().time()
        self.asked_s += now - self._stopped_at
        if self.timeout.when() is None and not self.timeout.expired():
            self.timeout.reschedule(now + self._left_s)
