"""Tools as targets: what they take, what they say of themselves, what becomes of their answers."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from vibe_jupyter.core.accounts.principal import OWNER, Principal
from vibe_jupyter.core.errors import Forbidden, InvalidInput
from vibe_jupyter.core.mcp.errors import ToolFailed
from vibe_jupyter.core.mcp.offers import KnownServer
from vibe_jupyter.core.mcp.registry.records import record_of
from vibe_jupyter.core.mcp.registry.store import StoredApproval, StoredServer
from vibe_jupyter.core.mcp.schemas import (
    Annotations,
    Content,
    McpCapabilities,
    McpPolicy,
    ToolInfo,
    ToolResult,
)
from vibe_jupyter.core.mcp.targets import ToolCapability, ToolInput, ToolOffer, offers_of, tool_target
from vibe_jupyter.core.mcp.tools.definitions import capability_name
from vibe_jupyter.core.mcp.tools.policy import decide
from vibe_jupyter.core.routing.catalog import Catalog
from vibe_jupyter.core.routing.registry import Registry, load_oracles
from vibe_jupyter.core.tasks.requests import check_request
from vibe_jupyter.core.tasks.schemas import TaskCreate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.oracles.base import Context, Part
    from vibe_jupyter.core.routing.targets import Target

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "head": {"type": "integer", "minimum": 1},
        "model_config": {"type": "string"},
        "_private": {"type": "boolean"},
    },
    "required": ["path"],
}


def tool(name: str = "read", schema: dict[str, Any] | None = None, **fields: Any) -> ToolInfo:
    return ToolInfo(
        name=name,
        input_schema=SCHEMA if schema is None else schema,
        capability=f"mcp.files.{name}",
        fingerprint=f"{name} {schema}",
        allowed=True,
        **fields,
    )


def capability_of(info: ToolInfo) -> ToolCapability:
    return cast("ToolCapability", tool_target(ToolOffer("files", info)).capabilities[info.capability])


@dataclass
class Called:
    """A context that answers calls, and keeps what it is told."""

    answer: ToolResult
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    async def call_tool(
        self, server: str, name: str, arguments: dict[str, Any], *, timeout_s: float | None = None
    ) -> ToolResult:
        self.calls.append((server, name, arguments, timeout_s))
        return self.answer

    def add_part(self, part: Part) -> None:
        self.parts.append(part)


def answer(*content: Content, **fields: Any) -> ToolResult:
    return ToolResult(content=list(content), duration_ms=1.5, server="files", tool="read", **fields)


async def run(target: Target, context: Called, **arguments: Any) -> ToolResult:
    found = await target.run(cast("Context", context), ToolInput.model_construct(arguments))
    assert isinstance(found, ToolResult)
    return found


class TestWhatItTakes:
    def test_the_type_keeps_its_dots(self) -> None:
        assert capability_of(tool("read_text_file")).task_type == "mcp.files.read_text_file"

    def test_arguments_stay_as_they_were_sent(self) -> None:
        sent = {"path": "1", "head": 2, "model_config": "x", "_private": True, "further": [1, {"a": None}]}
        given = capability_of(tool()).read(sent)
        assert isinstance(given, ToolInput)
        assert given.root is sent

    @pytest.mark.parametrize(
        ("sent", "place"),
        [
            ({}, ["path"]),
            ({"path": 1}, ["path"]),
            ({"path": "a", "head": "2"}, ["head"]),
            ({"path": "a", "head": 0}, ["head"]),
        ],
    )
    def test_nothing_is_made_to_fit(self, sent: dict[str, Any], place: list[str]) -> None:
        with pytest.raises(InvalidInput) as caught:
            capability_of(tool()).read(sent)
        assert caught.value.code == "mcp.bad_arguments"
        assert [fault["loc"] for fault in caught.value.errors or []] == [place]

    def test_fields_and_schema_are_the_tools_own_whatever_they_are_called(self) -> None:
        capability = capability_of(tool())
        assert capability.fields == {"path": True, "head": False, "model_config": False, "_private": False}
        assert capability.input_schema == SCHEMA

    @pytest.mark.parametrize(
        "schema", [{}, {"type": "object"}, {"properties": [1]}, {"required": "path"}, {"required": [1, None]}]
    )
    def test_an_odd_schema_makes_a_target_without_fields(self, schema: dict[str, Any]) -> None:
        capability = capability_of(tool(schema=schema))
        assert capability.fields == {}
        assert capability.text_field is None

    @pytest.mark.parametrize(
        ("properties", "required", "expected"),
        [
            ({"q": {"type": "string"}}, ["q"], "q"),
            ({"q": {"type": "string"}, "n": {"type": "integer"}}, ["q", "n"], "q"),
            ({"q": {"type": "string"}, "r": {"type": "string"}}, ["q", "r"], None),
            ({"q": {"type": "string"}}, [], None),
            ({"q": {"type": "string", "enum": ["a"]}}, ["q"], None),
            ({"q": {"type": ["string", "null"]}}, ["q"], None),
        ],
    )
    def test_a_text_goes_to_the_one_text_that_is_needed(
        self, properties: dict[str, Any], required: list[str], expected: str | None
    ) -> None:
        schema = {"type": "object", "properties": properties, "required": required}
        assert capability_of(tool(schema=schema)).text_field == expected

    @pytest.mark.parametrize(
        ("name", "read_only", "expected"),
        [("query", True, True), ("query", False, False), ("query", None, False), ("path", True, False)],
    )
    def test_words_alone_start_only_what_reads_and_takes_words(
        self, name: str, read_only: bool | None, expected: bool
    ) -> None:
        schema = {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
        info = tool(schema=schema, annotations=Annotations(read_only=read_only))
        assert capability_of(info).by_words is expected


class TestWhatItSays:
    @pytest.mark.parametrize(
        ("description", "summary"),
        [
            ("Read a file. It must exist.", "Read a file."),
            ("Read a file\nas text\n\nArgs:\n  path", "Read a file as text"),
            ("", "Reader"),
            ("x" * 5000, "x" * 200),
        ],
    )
    def test_its_summary_is_its_first_sentence(self, description: str, summary: str) -> None:
        assert capability_of(tool(description=description, title="Reader")).summary == summary

    @pytest.mark.parametrize(
        ("trusted", "hints", "expected"),
        [
            (False, {"read_only": True, "idempotent": True}, False),
            (True, {}, False),
            (True, {"read_only": True}, True),
            (True, {"idempotent": True}, True),
            (True, {"read_only": False, "destructive": True}, False),
        ],
    )
    def test_it_may_run_twice_only_by_the_word_of_a_trusted_server(
        self, trusted: bool, hints: dict[str, bool], expected: bool
    ) -> None:
        info = tool(annotations=Annotations(**hints))
        assert tool_target(ToolOffer("files", info, trusted=trusted)).idempotent is expected

    def test_it_offers_itself_and_its_aliases_and_poses_as_no_other_tool(self) -> None:
        offer = ToolOffer("files", tool(), aliases=("file.read", "mcp.git.git_log"))
        target = tool_target(offer)
        assert list(target.capabilities) == ["mcp.files.read", "file.read"]
        assert target.capabilities["file.read"].task_type == "file_read"
        assert (target.id, target.type, target.is_personal) == ("mcp.files.read", "mcp", True)


@pytest.mark.asyncio
class TestItsAnswers:
    async def test_the_call_says_which_tool_with_what(self) -> None:
        context = Called(answer(Content(type="text", text="hello")))
        target = tool_target(ToolOffer("files", tool(), timeout_s=7))
        assert await run(target, context, path="a") == context.answer
        assert context.calls == [("files", "read", {"path": "a"}, 7)]
        assert context.parts == []

    async def test_a_tool_that_says_it_failed_fails_the_task(self) -> None:
        context = Called(answer(Content(type="text", text="no such file: a"), is_error=True))
        with pytest.raises(ToolFailed) as caught:
            await run(tool_target(ToolOffer("files", tool())), context, path="a")
        assert caught.value.code == "mcp.tool_failed"
        assert caught.value.message == "files.read: no such file: a"

    @pytest.mark.parametrize("content", [[], [Content(type="text", text="x" * 100_000)]])
    async def test_a_failure_without_words_has_some_and_one_with_many_is_cut(
        self, content: list[Content]
    ) -> None:
        context = Called(answer(*content, is_error=True))
        with pytest.raises(ToolFailed) as caught:
            await run(tool_target(ToolOffer("files", tool())), context)
        assert 20 < len(caught.value.message) <= 2000

    async def test_an_image_becomes_a_part_and_is_kept_once(self) -> None:
        pixels = base64.b64encode(b"\x89PNG" * 1000).decode()
        context = Called(
            answer(
                Content(type="text", text="a picture"),
                Content(type="image", data=pixels, mime_type="image/png", size_bytes=4000),
                Content(type="audio", data="AAAA", mime_type="audio/wav", name="beep"),
                Content(type="image", mime_type="image/png", handle="large"),
            )
        )
        result = await run(tool_target(ToolOffer("files", tool())), context)
        assert [(part.media_type, part.name) for part in context.parts] == [
            ("image/png", "content-1"),
            ("audio/wav", "beep"),
        ]
        assert context.parts[0].data == pixels
        assert result.content[1].name == "content-1"
        assert result.content[1].size_bytes == 4000
        assert pixels not in result.model_dump_json()
        assert result.content[3].handle == "large"
        assert context.answer.content[1].data == pixels, "the answer itself is not changed"

    async def test_a_drawing_is_a_text_as_a_part(self) -> None:
        drawing = "<svg xmlns='http://www.w3.org/2000/svg'/>"
        sent = base64.b64encode(drawing.encode()).decode()
        context = Called(answer(Content(type="image", data=sent, mime_type="image/svg+xml")))
        await run(tool_target(ToolOffer("files", tool())), context)
        assert context.parts[0].data == drawing


class Owned:
    """A source with the tools of one user."""

    def __init__(self, *offers: ToolOffer) -> None:
        self._offers = offers

    async def revision(self, user_id: str) -> int:
        return 1 if user_id == OWNER.user_id else 0

    async def targets(self, user_id: str) -> list[Target]:
        return [tool_target(offer) for offer in self._offers] if user_id == OWNER.user_id else []

    async def learn(self, user_id: str, words: Iterable[str]) -> None:
        del user_id, words


@pytest.mark.asyncio
class TestARequestForIt:
    catalog = Catalog(load_oracles(), Owned(ToolOffer("files", tool(), aliases=("docs.read",))))

    @pytest.mark.parametrize("type_", ["mcp.files.read", "mcp_files_read"])
    async def test_the_input_is_the_arguments(self, type_: str) -> None:
        asked = await check_request(
            self.catalog, OWNER, TaskCreate(type=type_, input={"path": "a", "more": [1]})
        )
        assert (asked.type, asked.capability) == ("mcp.files.read", "mcp.files.read")
        assert asked.explanation is None

    async def test_wrong_arguments_are_refused_with_their_place(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            await check_request(self.catalog, OWNER, TaskCreate(type="mcp.files.read", input={"path": 1}))
        assert caught.value.code == "mcp.bad_arguments"
        assert [fault["loc"] for fault in caught.value.errors or []] == [["input", "path"]]
        assert "path" in str(caught.value.hint)

    async def test_it_may_be_asked_for_beside_another_capability(self) -> None:
        body = TaskCreate(
            type="docs_read", input={"path": "a"}, required_capabilities=["mcp_files_read", "docs.read"]
        )
        asked = await check_request(self.catalog, OWNER, body)
        assert asked.required == ["mcp.files.read", "docs.read"]

    async def test_it_needs_the_scope_of_calls(self) -> None:
        writer = Principal(OWNER.user_id, frozenset({"tasks:write"}), "jwt")
        for type_ in ("mcp.files.read", "docs_read"):
            with pytest.raises(Forbidden) as caught:
                await check_request(self.catalog, writer, TaskCreate(type=type_, input={"path": "a"}))
            assert caught.value.code == "auth.scope_missing"

    @pytest.mark.parametrize("type_", ["mcp.files.read", "mcp_files_read", "docs_read", "docs.read"])
    async def test_an_agent_is_told_to_call_directly_whatever_the_tool_is_called(self, type_: str) -> None:
        agent = Principal(OWNER.user_id, OWNER.scopes, "mcp")
        with pytest.raises(Forbidden) as caught:
            await check_request(self.catalog, agent, TaskCreate(type=type_, input={"path": "a"}))
        assert caught.value.code == "mcp.use_execute"

    async def test_it_is_unknown_to_others(self) -> None:
        other = Principal("bob", OWNER.scopes, "jupyter")
        with pytest.raises(InvalidInput) as caught:
            await check_request(self.catalog, other, TaskCreate(type="mcp.files.read", input={"path": "a"}))
        assert caught.value.code == "route.unknown_type"


def test_of_two_targets_with_one_alias_the_first_says_what_is_taken() -> None:
    second = tool("other", {"type": "object", "properties": {"n": {"type": "integer"}}})
    registry = Registry(
        [tool_target(ToolOffer("files", one, aliases=("docs.read",))) for one in (tool(), second)],
        base=load_oracles(),
    )
    assert "path" in registry.capability("docs.read").fields
    assert len([one for one in registry.candidates("docs.read") if "docs.read" in one.capabilities]) == 2


def test_a_word_that_could_mean_two_tools_means_none() -> None:
    one, two = (
        tool_target(ToolOffer(server, tool().model_copy(update={"capability": f"mcp.{server}.{name}"})))
        for server, name in (("a", "b_c"), ("a_b", "c"))
    )
    registry = Registry([one, two], base=load_oracles())
    assert not registry.knows("mcp_a_b_c")
    with pytest.raises(InvalidInput) as caught:
        registry.capability("mcp_a_b_c")
    assert "mcp.a.b_c" in str(caught.value.hint)
    assert registry.capability("mcp.a_b.c").name == "mcp.a_b.c"
    assert Registry([one], base=load_oracles()).capability("mcp_a_b_c").name == "mcp.a.b_c"


def known(
    *names: str, policy: McpPolicy | None = None, approvals: Iterable[StoredApproval] = ()
) -> KnownServer:
    stored = StoredServer(
        "id",
        "ada",
        "files",
        "files",
        None,
        "stdio",
        "{}",
        (policy or McpPolicy()).model_dump_json(),
        1,
        None,
        "",
        "",
    )
    tools = [tool(name).model_copy(update={"capability": capability_name("files", name)}) for name in names]
    return KnownServer(
        record_of(stored),
        McpCapabilities(id="files", tools=tools),
        None,
        {approval.tool: approval for approval in approvals},
    )


class TestTwoToolsOfLikeNames:
    names = ("a/b", "a-b", "a.b")

    @pytest.mark.asyncio
    async def test_each_is_called_under_its_own_capability(self) -> None:
        targets = {target.id: target for target in map(tool_target, offers_of(known(*self.names)))}
        assert len(targets) == 3
        for name in self.names:
            context = Called(answer())
            await run(targets[capability_name("files", name)], context, path="x")
            assert [call[1] for call in context.calls] == [name]

    def test_a_denial_hits_the_one_that_it_names(self) -> None:
        offers = {
            offer.tool.name: offer for offer in offers_of(known(*self.names, policy=McpPolicy(deny=["a-b"])))
        }
        assert {name: offer.unavailable is None for name, offer in offers.items()} == {
            "a/b": True, "a-b": False, "a.b": True,
        }  # fmt: skip

    def test_an_approval_holds_for_the_one_that_was_approved(self) -> None:
        server = known(*self.names)
        approved = StoredApproval("id", "a/b", "always", server.tools["a/b"].fingerprint)
        server = known(*self.names, approvals=[approved])
        verdicts = {
            name: decide(server.record.policy, tool_, server.approvals.get(name), "agent").verdict
            for name, tool_ in server.tools.items()
        }
        assert verdicts == {"a/b": "go", "a-b": "ask", "a.b": "ask"}
