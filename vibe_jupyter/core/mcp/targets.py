"""Tools of MCP servers as targets: a task is routed to one, runs durably and is explained like an oracle's."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import RootModel

from vibe_jupyter.core.mcp.errors import BadArguments, ToolFailed
from vibe_jupyter.core.mcp.schemas import ToolResult
from vibe_jupyter.core.mcp.tools.arguments import check_arguments, properties_of
from vibe_jupyter.core.mcp.tools.policy import decide
from vibe_jupyter.core.oracles.base import Capability, Part
from vibe_jupyter.core.routing.targets import Target

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator

    from pydantic import BaseModel

    from vibe_jupyter.core.mcp.offers import KnownServer, OffersCache
    from vibe_jupyter.core.mcp.registry.store import McpStore
    from vibe_jupyter.core.mcp.schemas import Content, ToolInfo
    from vibe_jupyter.core.oracles.base import Context

__all__ = [
    "ToolCapability",
    "ToolInput",
    "ToolOffer",
    "ToolTargets",
    "first_sentence",
    "offers_of",
    "text_field",
    "tool_target",
]

_MAX_SUMMARY = 200
_MAX_MESSAGE = 2000
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
_FIELDS_FOR_WORDS = frozenset(
    {"input", "keywords", "message", "prompt", "q", "query", "question", "search", "text", "topic", "words"}
)
"""A sentence may be sent there as it is; sent as a path or a name it would be nonsense, or do harm."""


@dataclass(frozen=True)
class ToolOffer:
    """A tool that a user may send tasks to.

    Args:
        server: its server's slug.
        aliases: further capabilities that it offers, by the user's word.
        trusted: whether what the server says of the tool is believed.
        concurrency: calls that the server takes at once.
        timeout_s: how long a call may take; None for the server's own limit.
        unavailable: why it cannot be called, in words that complete "it ..."; None if it can.
    """

    server: str
    tool: ToolInfo
    aliases: tuple[str, ...] = ()
    trusted: bool = False
    concurrency: int | None = None
    timeout_s: float | None = None
    unavailable: str | None = None

    @property
    def idempotent(self) -> bool:
        """Return whether running it twice does no harm, by the word of a trusted server."""
        hints = self.tool.annotations
        return self.trusted and bool(hints.read_only or hints.idempotent)


class ToolInput(RootModel[dict[str, Any]]):
    """Arguments of a tool, as they were sent: its own JSON Schema says what they may be."""


@dataclass(frozen=True, kw_only=True)
class ToolCapability(Capability):
    """What a tool can do. Its input is described by the tool's JSON Schema, and not by a model."""

    server: str
    tool: ToolInfo

    @property
    def task_type(self) -> str:
        """Return the type: a tool's own name keeps its dots, as its parts may have underscores."""
        return self.name if self.name == self.tool.capability else super().task_type

    @property
    def fields(self) -> dict[str, bool]:
        """See `Capability.fields`."""
        required = _required(self.tool.input_schema)
        return {name: name in required for name in properties_of(self.tool.input_schema)}

    @property
    def input_schema(self) -> dict[str, Any]:
        """See `Capability.input_schema`."""
        return self.tool.input_schema

    def read(self, values: dict[str, Any]) -> BaseModel:
        """See `Capability.read`."""
        try:
            check_arguments(self.server, self.tool, values)
        except BadArguments as error:
            error.errors = [{**fault, "loc": fault["loc"][1:]} for fault in error.errors or []]
            raise
        return ToolInput.model_construct(values)

    def unknown(self, values: dict[str, Any]) -> list[str]:
        """Return nothing: the schema says whether further fields are allowed."""
        del values
        return []


class ToolTargets:
    """The tools of each user's servers, as far as they are known; a `routing.catalog.TargetSource`.

    Args:
        ask: asks a server what it offers, and remembers it.
    """

    def __init__(
        self, store: McpStore, offers: OffersCache, ask: Callable[[KnownServer], Awaitable[object]]
    ) -> None:
        self._store = store
        self._offers = offers
        self._ask = ask

    async def revision(self, user_id: str) -> int:
        """See `TargetSource.revision`."""
        return await self._store.revision(user_id)

    async def targets(self, user_id: str) -> list[Target]:
        """See `TargetSource.targets`."""
        servers = (await self._offers.of(user_id)).servers.values()
        return [tool_target(offer) for server in servers for offer in offers_of(server)]

    async def learn(self, user_id: str, words: Iterable[str]) -> None:
        """Ask the enabled servers that the words name and that were never asked.

        Raises:
            VibeError: why one cannot be asked.
        """
        named = [word.replace(".", "_") for word in words]
        for slug, server in (await self._offers.of(user_id)).servers.items():
            is_new = server.record.enabled and server.listing is None
            if is_new and any(word.startswith(f"mcp_{slug}_") for word in named):
                await self._ask(server)


def offers_of(server: KnownServer) -> Iterator[ToolOffer]:
    """Yield the tools of a server; of two that are called the same the first counts."""
    record = server.record
    seen: set[str] = set()
    for tool in server.tools.values():
        if tool.capability in seen:
            continue
        seen.add(tool.capability)
        decision = decide(record.policy, tool, server.approvals.get(tool.name), "owner")
        refusal = decision.reason if decision.verdict == "deny" else None
        yield ToolOffer(
            record.slug,
            tool,
            aliases=tuple(alias for alias, name in record.config.aliases.items() if name == tool.name),
            trusted=record.policy.trusted,
            concurrency=record.config.concurrency,
            unavailable=refusal if record.enabled else "belongs to a server that is disabled",
        )


def tool_target(offer: ToolOffer) -> Target:
    """Return a tool as a target; its own capability comes first, then the aliases."""
    name = offer.tool.capability
    # An alias may not pose as another server's tool.
    aliases = (alias for alias in offer.aliases if not alias.startswith("mcp."))

    async def run(context: Context, given: BaseModel) -> BaseModel:
        assert isinstance(given, ToolInput)
        result = await context.call_tool(offer.server, offer.tool.name, given.root, timeout_s=offer.timeout_s)
        if result.is_error:
            raise _failure(result)
        return _with_parts(context, result)

    return Target(
        id=name,
        type="mcp",
        title=offer.tool.title or f"{offer.tool.name} of {offer.server}",
        capabilities={one: _capability(offer, one) for one in (name, *aliases)},
        run=run,
        idempotent=offer.idempotent,
        unavailable=offer.unavailable,
        concurrency=offer.concurrency,
        is_personal=True,
    )


def first_sentence(text: str) -> str:
    """Return the first sentence of a description, in one line.

    >>> first_sentence("Reads a file  as text. Only within allowed directories.")
    'Reads a file as text.'
    """
    line = " ".join(text.strip().partition("\n\n")[0].split())
    return _SENTENCE_END.split(line, maxsplit=1)[0][:_MAX_SUMMARY]


def text_field(schema: dict[str, Any]) -> str | None:
    """Return the one required argument that is any text, where a free text can go; None if there is none, or several.

    >>> text_field({"properties": {"q": {"type": "string"}, "n": {"type": "integer"}}, "required": ["q"]})
    'q'
    """
    required = _required(schema)
    texts = [
        name
        for name, own in properties_of(schema).items()
        if name in required and own.get("type") == "string" and "enum" not in own and "const" not in own
    ]
    return texts[0] if len(texts) == 1 else None


def _capability(offer: ToolOffer, name: str) -> ToolCapability:
    tool = offer.tool
    field = text_field(tool.input_schema)
    return ToolCapability(
        name,
        first_sentence(tool.description) or tool.title or tool.name,
        ToolInput,
        ToolResult,
        text_field=field,
        by_words=_may_be_started_by_words(tool, field),
        server=offer.server,
        tool=tool,
    )


def _may_be_started_by_words(tool: ToolInfo, field: str | None) -> bool:
    """Return whether a text alone is all that it takes, and it says that it changes nothing."""
    needed = _required(tool.input_schema)
    takes_a_text = needed == {field} and field is not None and field.lower() in _FIELDS_FOR_WORDS
    return bool(tool.annotations.read_only) and (not needed or takes_a_text)


def _required(schema: dict[str, Any]) -> set[str]:
    required = schema.get("required")
    return {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()


def _failure(result: ToolResult) -> ToolFailed:
    said = "\n".join(one.text for one in result.content if one.text).strip()
    text = said or "it says that it failed, and not why"
    return ToolFailed(f"{result.server}.{result.tool}: {text}"[:_MAX_MESSAGE])


def _with_parts(context: Context, result: ToolResult) -> ToolResult:
    """Show images and sounds as parts of the result; what is large is kept there alone, and not twice."""
    content = [_shown(context, place, one) for place, one in enumerate(result.content)]
    return result.model_copy(update={"content": content})


def _shown(context: Context, place: int, one: Content) -> Content:
    if one.type not in ("image", "audio") or one.data is None or one.mime_type is None:
        return one
    name = one.name or f"content-{place}"
    data = one.data
    if one.mime_type == "image/svg+xml":  # a text; and MCP sends every image as base64
        data = base64.b64decode(data).decode(errors="replace")
    context.add_part(Part(media_type=one.mime_type, data=data, name=name))
    return one.model_copy(update={"data": None, "name": name})
