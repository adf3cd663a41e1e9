"""Importing: what is added, what is skipped, what is a problem, and whose files are read."""

from __future__ import annotations

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
