"""Who may call what: pure decisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.registry.store import SEEN, StoredApproval
from vibe_jupyter.core.mcp.schemas import Annotations, McpPolicy, ToolInfo
from vibe_jupyter.core.mcp.tools.definitions import capability_name, fingerprint
from vibe_jupyter.core.mcp.tools.policy import Caller, approval_for, decide, is_allowed, may_repeat, to_pin


def tool(name: str = "read", *, read_only: bool | None = None, description: str = "Read.") -> ToolInfo:
    made = ToolInfo(
        name=name, description=description, input_schema={"type": "object"}, capability=f"mcp.s.{name}", fingerprint="",
        annotations=Annotations(read_only=read_only), allowed=True,
    )  # fmt: skip
    return made.model_copy(update={"fingerprint": fingerprint(made)})


def remembered(made: ToolInfo, approval: str = "always") -> StoredApproval:
    return StoredApproval("id", made.name, approval, made.fingerprint)


def verdict(
    policy: McpPolicy, made: ToolInfo, caller: Caller = "owner", stored: StoredApproval | None = None
) -> str:
    return decide(policy, made, stored, caller).verdict


def test_where_nothing_is_said_a_person_goes_on_and_an_agent_asks() -> None:
    assert verdict(McpPolicy(), tool()) == "go"
    assert verdict(McpPolicy(), tool(), "agent") == "ask"


def test_that_a_tool_only_reads_is_believed_of_a_trusted_server() -> None:
    assert verdict(McpPolicy(), tool(read_only=True), "agent") == "ask"
    assert verdict(McpPolicy(trusted=True), tool(read_only=True), "agent") == "go"
    assert verdict(McpPolicy(trusted=True), tool(), "agent") == "ask"
    assert may_repeat(McpPolicy(trusted=True), tool(read_only=True))
    assert not may_repeat(McpPolicy(), tool(read_only=True))


@pytest.mark.parametrize(
    ("policy", "name", "allowed"),
    [
        (McpPolicy(), "x", True),
        (McpPolicy(allow=["read_*"]), "read_file", True),
        (McpPolicy(allow=["read_*"]), "write_file", False),
        (McpPolicy(deny=["write_*"]), "write_file", False),
        (McpPolicy(allow=["*"], deny=["*_file"]), "read_file", False),
        (McpPolicy(allow=["Read"]), "read", False),
    ],
)
def test_a_denial_goes_before_a_permission(policy: McpPolicy, name: str, allowed: bool) -> None:
    assert is_allowed(policy, name) is allowed
    assert (verdict(policy, tool(name)) == "deny") is not allowed


def test_the_word_for_the_tool_goes_before_that_for_the_server() -> None:
    policy = McpPolicy(approval="ask", tools={"read": "always", "write": "never"})
    assert verdict(policy, tool("read"), "agent") == "go"
    assert verdict(policy, tool("write")) == "deny"
    assert verdict(policy, tool("other")) == "ask"


def test_an_answer_is_remembered_as_long_as_the_tool_is_the_same() -> None:
    made = tool()
    assert verdict(McpPolicy(), made, "agent", remembered(made)) == "go"
    changed = tool(description="Read, and send it to somebody.")
    decision = decide(McpPolicy(), changed, remembered(made), "agent")
    assert decision.verdict == "ask"
    assert "changed" in decision.reason
    assert verdict(McpPolicy(), changed, "owner", remembered(made)) == "ask"


@pytest.mark.parametrize("policy", [McpPolicy(approval="always"), McpPolicy(tools={"read": "always"})])
@pytest.mark.parametrize("kind", [SEEN, "always"])
def test_what_a_policy_lets_go_on_is_asked_about_when_it_has_changed(policy: McpPolicy, kind: str) -> None:
    made, changed = tool(), tool(description="Read, and send it to somebody.")
    assert to_pin(policy, [made], {}) == {"read": made.fingerprint}
    stored = remembered(made, kind)
    assert to_pin(policy, [changed], {"read": stored}) == {}, "the first one counts"
    assert verdict(policy, made, "agent", stored) == "go"
    for caller in ("owner", "agent"):
        decision = decide(policy, changed, stored, caller)  # type: ignore[arg-type]
        assert (decision.verdict, "changed" in decision.reason) == ("ask", True)
    assert approval_for(policy, changed, stored) == "ask"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (McpPolicy(), None),
        (McpPolicy(approval="ask"), "ask"),
        (McpPolicy(tools={"read": "never"}), "never"),
        (McpPolicy(tools={"read": "ask"}, approval="always"), "ask"),
    ],
)
def test_what_was_only_seen_was_not_decided(policy: McpPolicy, expected: str | None) -> None:
    made, changed = tool(), tool(description="x")
    assert to_pin(policy, [made], {}) == {}
    for one in (made, changed):
        assert approval_for(policy, one, remembered(made, SEEN)) == expected
    assert "changed" not in decide(policy, changed, remembered(made, SEEN), "agent").reason


def test_a_fingerprint_hangs_on_all_that_a_person_has_seen() -> None:
    made = tool()
    others = [tool("other"), tool(description="x"), tool(read_only=True)]
    others.append(made.model_copy(update={"input_schema": {"type": "object", "properties": {}}}))
    assert len({fingerprint(one) for one in [made, *others]}) == 5
    one, two = ({"type": "object", "title": "T"}, {"title": "T", "type": "object"})
    assert fingerprint(made.model_copy(update={"input_schema": one})) == fingerprint(
        made.model_copy(update={"input_schema": two})
    )


def test_two_tools_never_have_one_capability() -> None:
    names = [
        "a-b",
        "a/b",
        "a.b",
        "a b",
        "a_b",
        "-a-b",
        "a-b-",
        "A-b",
        "",
        "-",
        "🙂",
        "🙂🙂",
        "x" * 200,
        "x" * 199,
    ]
    found = {capability_name("s", name) for name in names}
    assert len(found) == len(names)
    # A tool cannot be given the name that another one's becomes.
    posing = [name.removeprefix("mcp.s.") for name in found]
    taken = {capability_name("s", name) for name in posing if name not in names}
    assert not taken & found
    assert capability_name("s", "a-b") == "mcp.s.a-b"


@given(st.lists(st.text(max_size=20), unique=True, max_size=20))
def test_a_capability_does_not_hang_on_the_other_tools(names: list[str]) -> None:
    found = [capability_name("s", name) for name in names]
    assert len(set(found)) == len(names)
    assert [capability_name("s", name) for name in reversed(names)] == found[::-1]
    assert max(map(len, found), default=0) < 200, "longer than the type of a task may be"


@pytest.mark.parametrize("name", ["a/b c", "naïve", "", "a.b.c", "🙂"])
def test_a_capability_has_three_parts(name: str) -> None:
    parts = capability_name("s", name).split(".")
    assert parts[:2] == ["mcp", "s"]
    assert len(parts) == 3
    assert parts[2]


def test_who_is_asked_is_told_that_the_policy_wants_it() -> None:
    decision = decide(McpPolicy(approval="ask"), tool(), None, "owner")
    assert decision.reason == "needs a person's word before every call, by this server's policy"
