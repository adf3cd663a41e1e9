"""Files as Claude, Cursor, VS Code and jupyter-ai write them: all that can be used is read, the rest is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.registry.formats import servers_in
from vibe_jupyter.core.mcp.registry.jsonc import parse
from vibe_jupyter.core.mcp.registry.sources import read_config

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.registry.formats import Parsed
    from vibe_jupyter.core.mcp.schemas import McpAdd

KEYS = [
    "mcpServers",
    "servers",
    "inputs",
    "mcp",
    "projects",
    "/p",
    "git",
    "name",
    "command",
    "args",
    "env",
    "type",
    "url",
    "timeout",
    "autoApprove",
    "disabledTools",
    "id",
    "default",
    "value",
]
FILES = Path(__file__).parents[4] / "mcp_configs"


def read(name: str, project: str | None = None) -> Parsed:
    return servers_in(read_config(FILES / name), project)


def by_name(parsed: Parsed) -> dict[str, McpAdd]:
    return {server.name: server for server in parsed.servers}


def one(**entry: Any) -> McpAdd:
    parsed = servers_in({"mcpServers": {"git": entry}})
    assert parsed.problems == []
    return parsed.servers[0]


def problem(config: dict[str, Any]) -> str:
    parsed = servers_in(config)
    assert parsed.servers == []
    return parsed.problems[0].message


class TestFiles:
    def test_claude_of_a_project(self) -> None:
        parsed = read("claude_project.mcp.json")
        servers = by_name(parsed)
        assert {name: server.transport for name, server in servers.items()} == {
            "filesystem": "stdio",
            "github": "http",
            "asana": "sse",
        }
        assert servers["filesystem"].args[-1] == "${HOME}/projects"
        assert servers["github"].url == "${API_BASE_URL:-https://api.githubcopilot.com}/mcp"
        assert servers["github"].headers == {"Authorization": "Bearer ${GITHUB_TOKEN}"}
        assert parsed.problems == []

    def test_claude_desktop(self) -> None:
        servers = by_name(read("claude_desktop_config.json"))
        assert servers["brave-search"].command == "npx"
        assert servers["brave-search"].env == {"BRAVE_API_KEY": "BSAclear-text-key"}

    def test_claude_of_the_home_has_servers_for_all_and_for_each_project(self) -> None:
        assert set(by_name(read("claude_home.json"))) == {"everywhere"}
        assert set(by_name(read("claude_home.json", "/home/ada/analysis"))) == {"everywhere", "here"}

    def test_cursor(self) -> None:
        servers = by_name(read("cursor.mcp.json"))
        assert servers["postgres"].env == {"DATABASE_URI": "${env:CURSOR_DATABASE_URI}"}
        assert servers["windsurf-style"].url == "https://docs.example.com/mcp"
        off = servers["off"]
        assert (off.enabled, off.timeout_s) == (False, 90)
        assert off.policy.tools == {"list_issues": "always", "read_issue": "always"}
        assert off.policy.deny == ["delete_issue"]

    def test_vscode(self) -> None:
        parsed = read("vscode.mcp.json")
        servers = by_name(parsed)
        assert list(servers) == ["Perplexity", "fetch", "github", "with env file"]
        assert parsed.env_files == {3: "${workspaceFolder}/.env"}
        assert servers["Perplexity"].env["PERPLEXITY_API_KEY"] == "${input:perplexity-key}"
        assert servers["fetch"].cwd == "${workspaceFolder}"
        assert parsed.inputs == {"region": "eu-west-1", "level": "info"}
        assert parsed.problems == []

    def test_an_env_file_is_a_path(self) -> None:
        parsed = servers_in({"servers": {"a": {"command": "x", "envFile": ["b"]}, "b": {"command": "y"}}})
        assert (list(by_name(parsed)), parsed.env_files) == (["b"], {})
        assert "a.envFile: must be a path" in parsed.problems[0].message

    def test_vscode_settings(self) -> None:
        parsed = read("vscode.settings.json")
        assert by_name(parsed)["local"].url == "http://localhost:${input:port}/mcp"
        assert parsed.inputs == {"port": "8080"}

    def test_jupyter_ai(self) -> None:
        servers = by_name(read("jupyter_ai.mcp_settings.json"))
        assert set(servers) == {"Filesystem Tools", "archives", "empty-env"}
        assert servers["Filesystem Tools"].env == {"LOG_LEVEL": "info"}
        assert (servers["archives"].transport, servers["archives"].headers) == ("http", {})


class TestWords:
    @pytest.mark.parametrize(
        ("kind", "transport"),
        [
            ("http", "http"),
            ("streamable-http", "http"),
            ("streamableHttp", "http"),
            ("streamable_http", "http"),
            ("SSE", "sse"),
        ],
    )
    def test_each_word_for_a_transport(self, kind: str, transport: str) -> None:
        assert one(type=kind, url="http://x.test").transport == transport
        assert one(transport=kind, url="http://x.test").transport == transport

    @pytest.mark.parametrize("key", ["url", "serverUrl", "httpUrl"])
    def test_each_word_for_a_url(self, key: str) -> None:
        assert one(**{key: "http://x.test"}).url == "http://x.test"

    @pytest.mark.parametrize(
        ("timeout", "seconds"),
        [
            (5, 5),
            (3600, 3600),
            (30_000, 30),
            (600_000, 600),
            (10**12, 86_400),
            (-1, 60),
            ("5", 60),
            (True, 60),
        ],
    )
    def test_a_timeout_is_seconds_or_milliseconds(self, timeout: Any, seconds: float) -> None:
        assert one(command="x", timeout=timeout).timeout_s == seconds

    @pytest.mark.parametrize("entry", [{"disabled": True}, {"enabled": False}])
    def test_one_that_is_off_stays_off(self, entry: dict[str, Any]) -> None:
        assert not one(command="x", **entry).enabled

    def test_numbers_and_booleans_are_what_they_look_like(self) -> None:
        assert one(command="x", env={"A": 1, "B": True, "C": None, "D": 1.5}).env == {
            "A": "1",
            "B": "true",
            "D": "1.5",
        }

    def test_what_is_not_known_is_left_out(self) -> None:
        assert one(command="x", gallery=True, icon={"src": "x"}, description="y").command == "x"


class TestBadInput:
    @pytest.mark.parametrize(
        ("entry", "message"),
        [
            ([], "mcpServers.git: must be an object"),
            ("npx", "mcpServers.git: must be an object"),
            ({"command": "x", "args": "-y foo"}, "mcpServers.git.args: "),
            ({"command": "x", "args": [1]}, "mcpServers.git.args.0: "),
            ({"command": ["npx", "-y"]}, "mcpServers.git.command: "),
            ({"command": "x", "env": "A=b"}, "mcpServers.git.env: "),
            ({"command": "x", "env": [{"name": "A"}]}, "mcpServers.git.env: "),
            ({"command": "x", "env": {"A": {}}}, "mcpServers.git.env.A: "),
            ({"command": "x", "type": "ws"}, "mcpServers.git.type: 'ws' is no transport"),
            ({"command": "x", "autoApprove": ["n" * 200]}, "mcpServers.git.policy.tools."),
            ({"command": "x", "disabledTools": ["n" * 300]}, "mcpServers.git.policy.deny.0: "),
        ],
    )
    def test_a_wrong_shape_is_named_by_its_path(self, entry: Any, message: str) -> None:
        assert problem({"mcpServers": {"git": entry}}).startswith(message)

    def test_one_bad_server_leaves_the_others(self) -> None:
        parsed = servers_in({"mcpServers": {"bad": 1, "good": {"command": "x"}}})
        assert [server.name for server in parsed.servers] == ["good"]
        assert [one.name for one in parsed.problems] == ["bad"]

    def test_two_servers_of_one_name_are_told(self) -> None:
        parsed = servers_in(
            parse('{"servers": {"a": {"command": "x"}, "a": {"command": "y"}, "b": {"command": "z"}}}', "f")
        )
        assert [server.name for server in parsed.servers] == ["b"]
        assert "servers.a is there more than once" in parsed.problems[0].message

    @pytest.mark.parametrize(
        "config", [None, [], "x", 1, {}, {"mcpServers": 1}, {"servers": None}, {"mcp": {}}]
    )
    def test_what_has_no_servers_is_refused(self, config: Any) -> None:
        with pytest.raises(ConfigError):
            servers_in(config)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(KEYS),
                    inner,
                    max_size=4,
                )
            ),
        )
    )
    def test_any_json_is_read_or_refused(self, config: Any) -> None:
        for wrapped in (config, {"mcpServers": config}, {"servers": {"git": config}, "inputs": config}):
            try:
                parsed = servers_in(wrapped, "/p")
            except ConfigError:
                continue
            assert all(problem.message for problem in parsed.problems)
