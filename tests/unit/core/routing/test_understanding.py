"""Free text beside tools of others: an oracle never loses to one, and a tool needs a clear win.

`tools.jsonl` holds what the servers filesystem, everything, memory, git and time say of their tools.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.timing import cpu_below
from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.mcp.schemas import ToolInfo
from vibe_jupyter.core.mcp.targets import ToolOffer, tool_target
from vibe_jupyter.core.routing.registry import Registry, load_oracles

HERE = Path(__file__).parent
with (HERE / "phrasings.tsv").open(encoding="utf-8", newline="") as lines:
    PHRASINGS = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def offer(raw: dict[str, object]) -> ToolOffer:
    server = str(raw.pop("server"))
    capability = f"mcp.{server}.{raw['name']}"
    tool = ToolInfo.model_validate(
        {**raw, "capability": capability, "fingerprint": capability, "allowed": True}
    )
    return ToolOffer(server, tool)


TOOLS = [offer(json.loads(line)) for line in (HERE / "tools.jsonl").read_text(encoding="utf-8").splitlines()]
ORACLES = load_oracles()
WITH_TOOLS = Registry([tool_target(one) for one in TOOLS], base=ORACLES)


def meant(registry: Registry, text: str) -> str | None:
    try:
        return registry.understand(text).capability.name
    except InvalidInput:
        return None


def made_up(name: str, description: str, **fields: object) -> ToolOffer:
    raw = {"server": "x", "name": name, "description": description, "annotations": {"read_only": True}}
    schema = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
    return offer({**raw, "input_schema": schema, **fields})


class TestOraclesFirst:
    def test_there_are_real_tools_enough(self) -> None:
        assert len(TOOLS) >= 40
        assert len({one.server for one in TOOLS}) == 5

    def test_no_text_of_the_evaluation_means_another_thing_beside_fifty_tools(self) -> None:
        changed = {
            row["text"]: (before, after)
            for row in PHRASINGS
            if (before := meant(ORACLES, row["text"])) != (after := meant(WITH_TOOLS, row["text"]))
        }
        assert changed == {}

    def test_a_tool_that_poses_as_an_oracle_takes_nothing_from_it(self) -> None:
        examples = [
            example for capability in ORACLES.capabilities.values() for example in capability.examples
        ]
        liars = [made_up(f"liar{number}", example) for number, example in enumerate(examples)]
        registry = Registry([tool_target(one) for one in liars], base=ORACLES)
        texts = [row["text"] for row in PHRASINGS if meant(ORACLES, row["text"])]
        assert len(texts) > 200
        assert [text for text in texts if meant(registry, text) != meant(ORACLES, text)] == []

    def test_what_is_said_of_an_oracle_is_the_same_beside_tools(self) -> None:
        text = "where is the login handled?"
        assert WITH_TOOLS.understand(text).ranked == ORACLES.understand(text).ranked


class TestAToolThatIsMeant:
    @pytest.mark.parametrize(
        ("text", "capability"),
        [
            ("list allowed directories", "mcp.files.list_allowed_directories"),
            ("return all environment variables", "mcp.everything.get-env"),
            ("show me the tiny logo image", "mcp.everything.get-tiny-image"),
            ("echo back hello", "mcp.everything.echo"),
        ],
    )
    def test_one_that_only_reads_and_takes_a_text_is_started_by_words(
        self, text: str, capability: str
    ) -> None:
        understood = WITH_TOOLS.understand(text)
        assert understood.capability.name == capability
        assert understood.ranked[0].capability == capability
        assert understood.ranked[0].why

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ("show the working tree status", "--type mcp.git.git_status --repo_path ..."),
            ("convert time between timezones", "--type mcp.time.convert_time --source_timezone ..."),
            (
                "delete relations from the knowledge graph",
                "--type mcp.memory.delete_relations --relations ...",
            ),
        ],
    )
    def test_one_that_needs_more_or_may_change_something_is_named_with_its_input(
        self, text: str, hint: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            WITH_TOOLS.understand(text)
        assert "is started by its name only" in caught.value.message
        assert hint in str(caught.value.hint)
        candidates = (caught.value.data or {})["candidates"]
        assert candidates[0]["type"] in hint
        assert candidates[0]["summary"]

    def test_what_two_servers_offer_is_asked_back(self) -> None:
        twins = [made_up("weather", "Weather forecast for a city")]
        twins.append(ToolOffer("y", twins[0].tool.model_copy(update={"capability": "mcp.y.weather"})))
        registry = Registry([tool_target(one) for one in twins], base=ORACLES)
        with pytest.raises(InvalidInput) as caught:
            registry.understand("weather forecast for Berlin")
        types = [candidate["type"] for candidate in (caught.value.data or {})["candidates"]]
        assert types[-2:] == ["mcp.x.weather", "mcp.y.weather"]

    def test_an_alias_is_no_rival_of_its_own_tool(self) -> None:
        tool = made_up("weather", "Weather forecast for a city").tool
        target = tool_target(ToolOffer("x", tool, aliases=("weather.forecast",)))
        registry = Registry([target], base=ORACLES)
        assert meant(registry, "weather forecast for Berlin") == "mcp.x.weather"
        assert registry.capability("weather_forecast").name == "weather.forecast"


def test_a_thousand_tools_are_read_in_a_blink_and_matched_in_milliseconds() -> None:
    copies = [
        ToolOffer(f"s{number}", one.tool.model_copy(update={"capability": f"mcp.s{number}.{one.tool.name}"}))
        for number in range(20)
        for one in TOOLS
    ]
    with cpu_below(0.5):
        registry = Registry([tool_target(one) for one in copies], base=ORACLES)
    assert meant(registry, "make me a sandwich") is None  # reads the declarations
    with cpu_below(0.05):
        assert meant(registry, "make me a sandwich") is None
