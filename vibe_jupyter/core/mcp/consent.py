"""What a person is asked around a call: may it be made, and what the server wants to know."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from vibe_jupyter.core.logs import get_logger
from vibe_jupyter.core.mcp.errors import ApprovalRejected
from vibe_jupyter.core.mcp.registry.store import StoredApproval
from vibe_jupyter.core.mcp.spec import ElicitationAnswer
from vibe_jupyter.core.mcp.tools.arguments import check_arguments
from vibe_jupyter.core.mcp.tools.policy import to_pin
from vibe_jupyter.core.plain_text import clean
from vibe_jupyter.core.questions.service import Draft
from vibe_jupyter.core.shortening import shortened
from vibe_jupyter.core.storable import storable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vibe_jupyter.core.mcp.calls import ToolRequest
    from vibe_jupyter.core.mcp.offers import KnownServer
    from vibe_jupyter.core.mcp.registry.store import McpStore
    from vibe_jupyter.core.mcp.schemas import ToolInfo
    from vibe_jupyter.core.mcp.spec import Elicitation
    from vibe_jupyter.core.mcp.tools.policy import Decision
    from vibe_jupyter.core.mcp.veil import Veil
    from vibe_jupyter.core.questions.schemas import Answer
    from vibe_jupyter.core.questions.service import QuestionService

    Progress = Callable[[float | None, str], None] | None

__all__ = ["Consent"]

_MAX_SHOWN_BYTES = 64 * 1024
"""Of what a question is about: nobody reads more, and it is kept with the question."""
_LEAST_SHOWN_BYTES = 400
_MOST_SHOWN = 1000
"""Of the arguments of a call: each with its beginning, so that none is hidden by others."""

log = get_logger("mcp")
_TOLD = 300
_ELSEWHERE = "or jupyter vibe questions in a terminal"


class Consent:
    """Asks, and remembers what was decided.

    Args:
        timeout_s: how long a person is waited for.
    """

    def __init__(self, store: McpStore, questions: QuestionService, timeout_s: float) -> None:
        self._store = store
        self._questions = questions
        self._timeout_s = timeout_s

    async def pin(self, server: KnownServer, tools: Iterable[ToolInfo]) -> None:
        """Note how tools look that the policy lets be called unasked: changed ones are asked about."""
        pins = to_pin(server.record.policy, tools, server.approvals)
        if pins:
            await self._store.pin(server.record.stored, pins)

    async def approved(
        self,
        server: KnownServer,
        tool: ToolInfo,
        request: ToolRequest,
        decision: Decision,
        progress: Progress = None,
    ) -> dict[str, Any]:
        """Ask whether a tool may be called, and return the arguments, which the person may have changed.

        `progress` is told that a person is asked: to who waits it would look like a call that hangs.

        Raises:
            ApprovalRejected: if they said no, or nothing.
        """
        draft = Draft(
            "approval",
            f"May {request.server}.{tool.name} be called? It {decision.reason}.",
            context={
                "server": request.server,
                "tool": tool.name,
                **_shown(request.arguments),
                "description": tool.description[:1000],
                "read_only": tool.annotations.read_only,
                "reason": decision.reason,
            },
        )
        answer = await self._ask(request, draft, progress)
        if answer is None or answer.action != "accept":
            why = "nobody answered in time" if answer is None else "the answer was no"
            raise ApprovalRejected(
                f"{request.server}.{tool.name} was not called: {why}",
                hint="answer its question: %vibe questions; with --remember it is asked no more",
                data={"maybe_executed": False},
            )
        if answer.remember:
            approval = StoredApproval(server.record.stored.id, tool.name, "always", tool.fingerprint)
            await self._store.approve(server.record.stored, approval)
        changed = (answer.content or {}).get("arguments")
        if changed is None:
            return request.arguments
        check_arguments(request.server, tool, changed)
        arguments: dict[str, Any] = changed
        return arguments

    async def elicited(
        self, request: ToolRequest, veil: Veil, elicitation: Elicitation, progress: Progress = None
    ) -> ElicitationAnswer:
        """Ask a person what a server wants to know; `progress` is told so."""
        asks = orjson.dumps([storable(elicitation.answer_schema), storable(elicitation.url)])
        if len(asks) > _MAX_SHOWN_BYTES:
            log.warning("a server asks for too much at once", server=request.server, bytes=len(asks))
            return ElicitationAnswer("cancel")
        context: dict[str, Any] = {"server": request.server, "tool": request.tool}
        if elicitation.url is not None:
            context["url"] = elicitation.url
        draft = Draft(
            "elicitation" if elicitation.url is None else "visit",
            veil.text(elicitation.message),
            elicitation.answer_schema,
            context,
        )
        answer = await self._ask(request, draft, progress)
        if answer is None:
            return ElicitationAnswer("cancel")
        return ElicitationAnswer(answer.action, answer.content if answer.action == "accept" else None)

    async def _ask(self, request: ToolRequest, draft: Draft, progress: Progress) -> Answer | None:
        if progress is not None:
            asked = clean(draft.message, limit=_TOLD)
            progress(
                None,
                f"a person is asked: {asked} They answer with %vibe questions in a notebook, {_ELSEWHERE}",
            )
        answer = await self._questions.ask(
            request.user_id,
            draft,
            timeout_s=self._timeout_s,
            task_id=request.task_id,
            call_id=request.call_id,
        )
        if progress is not None:
            progress(None, "nobody has answered" if answer is None else "the person has answered")
        return answer


def _shown(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments for a question's context; of large ones the beginning of each, and how large they are."""
    given = storable(arguments)
    size = len(orjson.dumps(given))
    if size <= _MAX_SHOWN_BYTES:
        return {"arguments": given}
    share = max(_MAX_SHOWN_BYTES // len(given), _LEAST_SHOWN_BYTES)
    return {
        "arguments": {
            name[:_LEAST_SHOWN_BYTES]: _begun(value, share)
            for name, value in islice(given.items(), _MOST_SHOWN)
        },
        "arguments_cut_from_bytes": size,
    }


def _begun(value: Any, max_bytes: int) -> Any:
    if len(orjson.dumps(value)) <= max_bytes:
        return value
    return orjson.loads(shortened(value, max_bytes) or '"…"')
