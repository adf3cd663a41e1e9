"""Importing: what is added, what is skipped, what is a problem, and whose files are read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.core.mcp.registry.conftest import ADA_BY_TOKEN
from vibe_jupyter.core.errors import Forbidden
from vibe_jupyter.core.mcp.errors import ConfigError, UnresolvedVariable
from vibe_jupyter.core.mcp.shown import described

if TYPE_CHECKING:
    from tests.unit.core.mcp.registry.conftest import Registry

pytestmark = pytest.mark.asyncio
FILES = Path(__file__).parents[4] / "mcp_configs"
CONFIG = {"mcpServers": {"a": {"command": "mcp-a"}, "b": {"url": "https://b.test/mcp"}}}


async def test_all_usable_servers_are_added_once(registry: Registry) -> None:
    path = str(FILES / "vscode.mcp.json")
    first = await registry.load(path=path)
    assert [record.slug for record in first.added] == ["perplexity", "fetch", "github"]
    assert {record.stored.source for record in first.added} == {path}
    assert [problem.name for problem in first.problems] == ["with env file"]
    second = await registry.load(path=path)
    assert (second.added, second.skipped) == ([], ["Perplexity", "fetch", "github"])


async def test_inputs_come_from_the_environment_or_their_default(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registry.load(path=str(FILES / "vscode.mcp.json"))
    with pytest.raises(UnresolvedVariable, match="VIBE_MCP_INPUT_PERPLEXITY_KEY"):
        await registry.spec("perplexity")
    monkeypatch.setenv("VIBE_MCP_INPUT_PERPLEXITY_KEY", "pplx")
    spec = await registry.spec("perplexity")
    assert spec.env == {"PERPLEXITY_API_KEY": "pplx", "AWS_REGION": "eu-west-1"}
    assert spec.command[-2:] == ("--level", "info")


async def test_the_default_of_an_input_is_kept_as_a_secret_and_plain_text(
    registry: Registry, tmp_path: Path
) -> None:
    inputs = [{"type": "promptString", "id": "key", "password": True, "default": "clear-${HOME}-default"}]
    server = {"type": "http", "url": "https://x.test", "headers": {"X": "${input:key}"}}
    result = await registry.load(config={"inputs": inputs, "servers": {"x": server}})
    assert "clear-" not in result.added[0].stored.config
    assert (await registry.spec("x")).headers == {"X": "clear-${HOME}-default"}


async def test_clear_text_of_a_file_is_hidden_as_any(registry: Registry) -> None:
    result = await registry.load(path=str(FILES / "claude_desktop_config.json"))
    shown = {record.slug: described(record) for record in result.added}
    assert shown["brave-search"].env == {"BRAVE_API_KEY": "***"}
    assert shown["remote"].command[-1] == "Authorization: ***"
    assert "clear" not in repr(await registry.store.servers("ada"))
    assert (await registry.spec("remote")).command[-1] == "Authorization: Bearer clear-remote-token=="


async def test_a_dry_run_shows_what_would_run_and_adds_nothing(registry: Registry, tmp_path: Path) -> None:
    result = await registry.load(path=str(FILES / "claude_desktop_config.json"), dry_run=True)
    assert [described(record).command[0] for record in result.added] == ["npx", "npx"]
    assert await registry.registration.records("ada") == []
    assert not key_file(tmp_path).exists()


def key_file(folder: Path) -> Path:
    return folder / "data" / "secret.key"


async def test_some_can_be_chosen_by_name_or_id(registry: Registry) -> None:
    config = {
        "mcpServers": {"My Files": {"command": "x"}, "Git Hub": {"command": "y"}, "other": {"command": "z"}}
    }
    result = await registry.load(config=config, only=["My Files", "git-hub"])
    assert [record.slug for record in result.added] == ["my-files", "git-hub"]


async def test_two_with_one_id_are_told(registry: Registry) -> None:
    result = await registry.load(
        config={"mcpServers": {"My Git": {"command": "x"}, "my-git": {"command": "y"}}}
    )
    assert [record.config.command for record in result.added] == ["x"]
    assert "same id as My Git" in result.problems[0].message


async def test_what_one_may_not_run_is_a_problem_of_its_own(registry: Registry) -> None:
    result = await registry.load(ADA_BY_TOKEN, config=CONFIG)
    assert [record.slug for record in result.added] == ["b"]
    assert "it would run mcp-a" in result.problems[0].message
    dry = await registry.load(ADA_BY_TOKEN, config=CONFIG, dry_run=True)
    assert dry.added == []


async def test_reserved_words_and_bad_urls_are_problems(registry: Registry) -> None:
    result = await registry.load(config={"mcpServers": {"health": {"command": "x"}, "u": {"url": "ftp://x"}}})
    assert result.added == []
    assert [problem.name for problem in result.problems] == ["health", "u"]


async def test_a_syntax_error_has_file_line_and_column(registry: Registry) -> None:
    (registry.root / ".mcp.json").write_text('{"mcpServers": {\n  "a": {"command" "x"}\n}}')
    with pytest.raises(ConfigError, match=r"\.mcp\.json, line 2, column 19: ") as caught:
        await registry.load(path=".mcp.json")
    assert str(registry.root) in caught.value.message


async def test_a_file_without_servers_is_told_with_its_path(registry: Registry) -> None:
    (registry.root / "package.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"package\.json: it has no MCP servers"):
        await registry.load(path="package.json")


def with_env_file(folder: Path, content: bytes | None, env_file: str = ".env") -> str:
    """Write the configuration of a workspace and its `.env`, and return the path of the configuration."""
    (folder / ".vscode").mkdir(parents=True)
    if content is not None:
        (folder / ".env").write_bytes(content)
    server = {"command": "x", "envFile": env_file, "env": {"LEVEL": "info", "HOME_IS": "${HOME}"}}
    path = folder / ".vscode" / "mcp.json"
    path.write_text(json.dumps({"servers": {"a": server}}))
    return str(path)


@pytest.mark.parametrize("env_file", [".env", "./.env", "${workspaceFolder}/.env", "${env:WORK}/.env"])
async def test_an_env_file_is_read_and_its_values_are_secrets(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env_file: str
) -> None:
    monkeypatch.setenv("WORK", str(tmp_path / "project"))
    content = (
        b"\xef\xbb\xbf# a comment\nexport API_KEY='s3cret value' # more\nLEVEL=debug\n\nEMPTY=\n"
        b'TWO="a\\nb"\nPLAIN=${HOME}/$${x} ${API_KEY}\n'
    )
    result = await registry.load(path=with_env_file(tmp_path / "project", content, env_file))
    assert result.problems == []
    assert (await registry.spec("a")).env == {
        "API_KEY": "s3cret value",
        "EMPTY": "",
        "TWO": "a\nb",
        "PLAIN": "${HOME}/$${x} ${API_KEY}",
        "LEVEL": "info",
        "HOME_IS": os.environ["HOME"],
    }
    assert described(result.added[0]).env["API_KEY"] == "***"
    assert described(result.added[0]).env["PLAIN"] == "***"
    assert "s3cret" not in repr(await registry.store.servers("ada"))


@pytest.mark.parametrize(
    ("content", "env_file", "said"),
    [
        (None, ".env", "there is no file"),
        (b"", "..", "there is no file"),
        (b"", "/dev/zero", "there is no file"),
        (b"", "${NOT_SET_ANYWHERE}/.env", "NOT_SET_ANYWHERE"),
        (b"", "~nobody-of-this-name/.env", "envFile"),
        (b"A=" + b"x" * 300_000, ".env", "larger than"),
        (b"A=\xff", ".env", "no UTF-8"),
        (b"A=x\x00y", ".env", "null character"),
        (b"A=" + b"s3cret" * 10_000, ".env", "env.A"),
    ],
)
async def test_an_env_file_that_cannot_be_used_is_a_problem_of_its_server(
    registry: Registry, tmp_path: Path, content: bytes | None, env_file: str, said: str
) -> None:
    result = await registry.load(path=with_env_file(tmp_path / "project", content, env_file))
    assert result.added == []
    assert said in result.problems[0].message
    assert "s3cret" not in result.problems[0].message


async def test_only_the_owner_has_an_env_file_read(registry: Registry) -> None:
    config = {"servers": {"a": {"command": "x", "envFile": ".env"}}}
    (registry.root / ".env").write_text("A=1")
    result = await registry.load(ADA_BY_TOKEN, config=config)
    assert result.added == []
    assert "owner" in result.problems[0].message
    assert [record.config.env for record in (await registry.load(config=config)).added] != [{}]
    assert (await registry.spec("a")).env == {"A": "1"}


@pytest.mark.parametrize("values", [{}, {"path": "x", "config": {}}])
async def test_a_path_or_a_config_is_wanted(registry: Registry, values: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="either a path or a config"):
        await registry.load(**values)


async def test_only_the_owner_reads_files_outside_the_roots(registry: Registry, tmp_path: Path) -> None:
    outside = tmp_path / "mcp.json"
    outside.write_text('{"mcpServers": {"b": {"url": "https://b.test"}}}')
    (registry.root / "link.json").symlink_to(outside)
    for path in (str(outside), "../mcp.json", "link.json", str(tmp_path / "not-there.json")):
        with pytest.raises(Forbidden) as caught:
            await registry.load(ADA_BY_TOKEN, path=path)
        assert caught.value.code == "path.outside_root"
    (registry.root / "mine.json").write_text('{"mcpServers": {"mine": {"url": "https://b.test"}}}')
    assert [record.slug for record in (await registry.load(ADA_BY_TOKEN, path="mine.json")).added] == ["mine"]
    assert [record.slug for record in (await registry.load(path=str(outside))).added] == ["b"]


async def test_a_file_of_a_project_may_not_say_what_is_called_unasked(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = {
        "a": {"command": "x", "autoApprove": ["rm", "ls"], "disabledTools": ["dd"]},
        "b": {"command": "y"},
    }
    (registry.root / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    found = await registry.load(path=".mcp.json")
    (a, _) = found.added
    assert (a.policy.tools, a.policy.deny) == ({}, ["dd"])
    (problem,) = found.problems
    assert (problem.name, "rm, ls" in problem.message) == ("a", True)
    assert problem.hint == "if you want that: %vibe mcp set a --tool rm=always --tool ls=always"
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / ".claude.json").write_text(json.dumps({"mcpServers": {"c": servers["a"]}}))
    found = await registry.load(path=str(home / ".claude.json"))
    assert (found.added[0].policy.tools, found.problems) == ({"rm": "always", "ls": "always"}, [])


async def test_a_name_that_is_no_text_is_a_problem_that_can_be_told(registry: Registry) -> None:
    (registry.root / "x.json").write_text(
        '{"mcpServers": {"l\\ud800": {"command": "x"}, "a": {"command": "y"}}}'
    )
    found = await registry.load(path="x.json")
    assert [record.slug for record in found.added] == ["a"]
    found.problems[0].model_dump_json()
    assert found.problems[0].name == "l?"


async def test_a_name_that_alone_is_wanted_and_not_there_is_told(registry: Registry) -> None:
    config = {"mcpServers": {"My Memory": {"command": "m"}, "b": {"command": "b"}, "odd": {"command": 3}}}
    result = await registry.load(config=config, only=["my-memory", "My Memry", "zzz", "odd"])
    assert [record.slug for record in result.added] == ["my-memory"]
    told = {problem.name: problem.hint for problem in result.problems}
    assert told["My Memry"] == "did you mean My Memory?"
    assert "b" in str(told["zzz"])
    assert len(result.problems) == 3
