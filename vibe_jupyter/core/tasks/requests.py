"""What a request for a task asks for, checked before the task is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from vibe_jupyter.core.errors import Forbidden, InvalidInput
from vibe_jupyter.core.json_schema.loading import load_checker
from vibe_jupyter.core.operations import SHOWN_FAULTS, invalid, wrong_types
from vibe_jupyter.core.routing.registry import ASK
from vibe_jupyter.core.tasks import rows

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.oracles.base import Capability
    from vibe_jupyter.core.routing.catalog import Catalog
    from vibe_jupyter.core.tasks.schemas import TaskCreate

__all__ = ["Asked", "check_request"]

_TOOL_SCOPE = "mcps:call"


@dataclass(frozen=True)
class Asked:
    """What shall be done: its type, its capability, what else the target must offer, and what is known of the why."""

    type: str
    capability: str
    required: list[str]
    explanation: str | None


async def check_request(catalog: Catalog, principal: Principal, body: TaskCreate) -> Asked:
    """Find what a request asks for, and check its input.

    Raises:
        InvalidInput: what is wrong with type, capabilities or input; `route.ambiguous` for free text.
        Forbidden: if only tools of MCP servers can do it, and the principal may not call them so.
    """
    known: dict[str, Any] = {}
    if body.type == ASK:
        text = _text(body.input)
        registry = await catalog.registry(principal.user_id)
        understood = registry.understand(text)
        capability = understood.capability
        values = {capability.text_field: text} if capability.text_field else {}
        known["asked"] = text
        known["matched"] = [
            {"capability": match.capability, "score": round(match.score, 3), "why": list(match.why)}
            for match in understood.ranked[:5]
        ]
    else:
        registry = await catalog.knowing(principal.user_id, (body.type, *body.required_capabilities))
        capability = registry.capability(body.type)
        values = body.input
    if not catalog.base.knows(capability.name):
        await load_checker()
    kind = ASK if body.type == ASK else capability.task_type
    _validate(capability, values, kind)
    required = registry.require(body.required_capabilities)
    if not all(map(catalog.base.knows, (capability.name, *required))):
        _check_tools(principal)
        if body.timeout_s is not None:
            known["timeout_s"] = body.timeout_s
    if principal.via == "mcp" or _TOOL_SCOPE not in principal.scopes:
        known["caller"] = "agent"
    return Asked(kind, capability.name, required, rows.dump(known) if known else None)


def _check_tools(principal: Principal) -> None:
    """Refuse what only a tool can do, whatever it is called: an alias is a capability of a tool, too."""
    principal.require(_TOOL_SCOPE)
    if principal.via == "mcp":
        raise Forbidden(
            "an agent calls tools of MCP servers directly, where a person can be asked first",
            code="mcp.use_execute",
            hint="call mcps_execute with the server and the tool",
        )


def _validate(capability: Capability, values: dict[str, Any], kind: str) -> None:
    try:
        found = capability.read(values)
    except ValidationError as error:
        raise _wrong_input(invalid(error, "input"), capability, kind) from None
    except InvalidInput as error:  # of a validator that has a code and a hint of its own
        error.errors = [{**fault, "loc": ["input", *fault["loc"]]} for fault in error.errors or []]
        raise
    if wrong := wrong_types(values, found, "input"):
        raise _wrong_input(wrong, capability, kind)
    unknown = capability.unknown(values)
    if unknown:
        known = ", ".join(capability.fields)
        raise InvalidInput(
            f"input.{unknown[0]}: {kind} has no such field",
            code="task.invalid_input",
            hint=f"its fields: {known}" if known else "it takes no input",
            errors=[{"loc": ["input", name], "msg": "unknown field"} for name in unknown[:SHOWN_FAULTS]],
        )


def _wrong_input(found: InvalidInput, capability: Capability, kind: str) -> InvalidInput:
    fields = ", ".join(
        f"{name}{'' if is_required else '?'}" for name, is_required in capability.fields.items()
    )
    found.code, found.hint = "task.invalid_input", f"the input of {kind}: {fields}"
    return found


def _text(input_: dict[str, Any]) -> str:
    text = input_.get("text")
    if not isinstance(text, str) or not text.strip() or set(input_) != {"text"}:
        raise InvalidInput(
            'input.text: a task of type ask takes exactly {"text": "what you want"}',
            code="task.invalid_input",
            hint="name the kind of task with type to give it other input",
            errors=[{"loc": ["input", "text"], "msg": "Field required"}],
        )
    return text
