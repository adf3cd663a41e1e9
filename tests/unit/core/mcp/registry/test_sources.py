"""Where configuration files are looked for, and which of them are read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.registry.names import RESERVED, slug
from vibe_jupyter.core.mcp.registry.sources import MAX_BYTES, find_configs, is_of_the_user, read_config


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("{}")


class TestFind:
    def test_those_of_the_project_come_before_those_of_the_user(self, tmp_path: Path) -> None:
        project, home = tmp_path / "project", tmp_path / "home"
        in_project = [".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json", ".jupyter/mcp_settings.json"]
        in_home = [".claude.json", ".cursor/mcp.json", ".jupyter/mcp_settings.json"]
        put(project, *in_project)
        put(home, *in_home)
        assert find_configs(project, home) == [
            *(project / n for n in in_project),
            *(home / n for n in in_home),
        ]

    @pytest.mark.parametrize(
        ("platform", "folder"),
        [("linux", ".config"), ("darwin", "Library/Application Support"), ("win32", "AppData/Roaming")],
    )
    def test_programs_keep_theirs_where_the_system_wants_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, folder: str
    ) -> None:
        for name in ("XDG_CONFIG_HOME", "APPDATA"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "platform", platform)
        names = ["Claude/claude_desktop_config.json", "Code/User/mcp.json"]
        put(tmp_path / folder, *names)
        assert find_configs(tmp_path / "project", tmp_path) == [tmp_path / folder / name for name in names]

    def test_a_project_that_is_the_home_lists_none_twice(self, tmp_path: Path) -> None:
        put(tmp_path, ".cursor/mcp.json", ".claude.json")
        assert find_configs(tmp_path, tmp_path) == [tmp_path / ".cursor/mcp.json", tmp_path / ".claude.json"]

    def test_what_is_no_file_is_none(self, tmp_path: Path) -> None:
        (tmp_path / ".mcp.json").mkdir()
        (tmp_path / ".claude.json").symlink_to(tmp_path / "gone")
        (tmp_path / ".cursor").write_text("a file in the place of a folder")
        assert find_configs(tmp_path, tmp_path / "no-home") == []


def test_the_users_own_files_are_told_from_those_of_projects(tmp_path: Path) -> None:
    put(tmp_path, ".claude.json", ".cursor/mcp.json", "work/.cursor/mcp.json", "work/.mcp.json")
    (tmp_path / "link.json").symlink_to(tmp_path / ".claude.json")
    for name in (".claude.json", ".cursor/mcp.json", "link.json"):
        assert is_of_the_user(tmp_path / name, tmp_path)
    for name in ("work/.cursor/mcp.json", "work/.mcp.json", ".mcp.json"):
        assert not is_of_the_user(tmp_path / name, tmp_path)


class TestRead:
    def test_a_byte_order_mark_is_no_fault(self, tmp_path: Path) -> None:
        (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf{}")
        assert read_config(tmp_path / "x.json") == {}

    @pytest.mark.parametrize("content", [b"\xff\xfe{\x00}\x00", b"\xe4", b"", b"x" * (MAX_BYTES + 1)])
    def test_what_cannot_be_read_is_told_with_its_path(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "x.json").write_bytes(content)
        with pytest.raises(ConfigError, match=r"x\.json"):
            read_config(tmp_path / "x.json")

    @pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
    def test_a_file_that_says_it_is_empty_is_read_up_to_a_length(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("vibe_jupyter.core.mcp.registry.sources.MAX_BYTES", 100)
        maps = Path("/proc/self/maps")
        assert maps.stat().st_size == 0
        with pytest.raises(ConfigError, match="larger than"):
            read_config(maps)

    def test_what_is_no_file_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path / "pipe", tmp_path, tmp_path / "gone"):
            with pytest.raises(ConfigError) as caught:
                read_config(path)
            assert caught.value.code == "mcp.config_not_found"


class TestSlug:
    @given(st.text(min_size=1, max_size=100))
    def test_any_name_has_one_that_fits_into_a_path_and_stays(self, name: str) -> None:
        found = slug(name)
        assert 1 <= len(found) <= 60
        assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
        assert "__" not in found  # what separates server and tool elsewhere
        assert slug(found) == found

    def test_names_in_other_scripts_do_not_become_one(self) -> None:
        assert len({slug(name) for name in ("文件", "数据", "файлы", "🗂️")}) == 4
        assert not RESERVED & {slug("文件")}
