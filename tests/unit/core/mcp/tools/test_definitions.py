"""What is believed of a listing: all that is good, and the rest is named."""

from __future__ import annotations

from typing import Any

import mcp_types
import orjson
import pytest

from vibe_jupyter.core.mcp.schemas import McpCapabilities
from vibe_jupyter.core.mcp.sessions.listing import Listing
from vibe_jupyter.core.mcp.spec import SessionFacts
from vibe_jupyter.core.mcp.tools.definitions import capabilities_of

FACTS = SessionFacts("modern", "2026-07-28", "n", "1", None, frozenset())


def tool(name: str = "t", schema: dict[str, Any] | None = None, **more: Any) -> mcp_types.Tool:
    return mcp_types.Tool(name=name, input_schema=schema or {"type": "object"}, **more)


def read(*tools: mcp_types.Tool, **more: Any) -> McpCapabilities:
    found = capabilities_of("s", Listing(FACTS, tools=list(tools), **more))
    again = McpCapabilities.model_validate_json(found.model_dump_json())
    assert again == found, "it can be stored and read again"
    orjson.dumps(found.model_dump())
    return found


def test_numbers_beyond_64_bits_are_told_as_well_as_can_be() -> None:
    found = read(
        tool(schema={"type": "object", "properties": {"n": {"maximum": 2**64, "minimum": -(2**70)}}})
    )
    assert found.tools[0].input_schema["properties"]["n"] == {"maximum": 2.0**64, "minimum": -(2.0**70)}
    assert not found.problems


def test_a_schema_that_cannot_be_told_costs_its_tool_alone() -> None:
    found = read(tool("a"), tool("b", {"maximum": 10**400}), tool("c"))
    assert [one.name for one in found.tools] == ["a", "c"]
    assert found.problems == ["b is left out: its schema cannot be read"]


@pytest.mark.parametrize("name", ["u\ud83d", "u\x00", "", "n" * 129])
def test_a_tool_without_a_name_is_left_out(name: str) -> None:
    found = read(tool("a"), tool(name), tool("n" * 128))
    assert [one.name for one in found.tools] == ["a", "n" * 128]
    assert "left out for its name" in found.problems[0]
    assert len(found.problems[0]) < 200


def test_halves_of_pairs_are_replaced_everywhere_else() -> None:
    bad = "x\ud83d\x00"
    found = read(
        tool(title=bad, description=bad, schema={"properties": {bad: {"enum": [bad]}}}),
        resources=[mcp_types.Resource(uri="demo://x\ud83d", name=bad, title=bad, mime_type=bad, size=2**70)],
        resource_templates=[mcp_types.ResourceTemplate(uri_template=bad, name=bad, mime_type=bad)],
        prompts=[mcp_types.Prompt(name=bad, arguments=[mcp_types.PromptArgument(name=bad)])],
        problems=[bad],
    )
    assert (found.tools[0].title, found.resources[0].mime_type) == ("x?\ufffd", "x?\ufffd")


def test_a_large_schema_is_left_out_and_still_counts_for_the_fingerprint() -> None:
    one, other = ({"type": "object", "x": "y" * 70_000 + end} for end in "ab")
    found, again = read(tool("t", one), tool("small")), read(tool("t", other))
    assert found.tools[0].input_schema == {"type": "object"}
    assert "t: its input_schema has 70," in found.problems[0]
    assert found.tools[0].fingerprint != again.tools[0].fingerprint


def test_what_is_cut_off_counts_for_the_fingerprint() -> None:
    one, other = (read(tool(description="d" * 30_000 + end)).tools[0] for end in "ab")
    assert one.description == other.description
    assert one.fingerprint != other.fingerprint


def test_a_listing_is_bounded_as_a_whole() -> None:
    tools = [tool(f"t{number}", {"x": "y" * 60_000}) for number in range(200)]
    found = read(*tools)
    assert 50 < len(found.tools) < 80
    assert found.problems == ["what it offers is more than 4 MB: the last of its tools are left out"]


def test_many_problems_are_counted() -> None:
    found = read(*[tool("same") for _ in range(1000)])
    assert (len(found.problems), found.problems[-1]) == (51, "and 949 more problems")
