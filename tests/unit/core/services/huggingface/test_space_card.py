"""The README of a Space: what it lacks is supplied, what it says stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from vibe_jupyter.core.services.failures import ServiceInvalid
from vibe_jupyter.core.services.huggingface.front_matter import joined, parted
from vibe_jupyter.core.services.huggingface.space_card import needs_supply, supplied_readme

_FULL = b"---\ntitle: T\nsdk: gradio\napp_file: app.py\n---\n\nWords.\n"


def supplied(files: dict[str, bytes], sdk: str = "gradio", remote: str = "") -> tuple[dict[str, object], str]:
    return parted(supplied_readme(files, sdk, "my-demo", remote, "deploy").decode(), "deploy")


def test_a_readme_that_says_all_is_not_touched() -> None:
    assert not needs_supply({"README.md": _FULL}, "gradio", "deploy")
    assert not needs_supply({"README.md": b"---\nsdk: docker\n---\n"}, "docker", "deploy")
    assert needs_supply({"README.md": b"---\nsdk: gradio\n---\n"}, "gradio", "deploy")
    assert needs_supply({}, "static", "deploy")


def test_a_readme_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(_FULL)
    assert not needs_supply({"README.md": tmp_path / "README.md"}, "gradio", "deploy")


def test_what_the_files_tell() -> None:
    meta, text = supplied({"main.py": b"", "requirements.txt": b"numpy\ngradio[mcp]==5.49.1  # ui\n"})
    assert meta == {"title": "my-demo", "sdk": "gradio", "app_file": "main.py", "sdk_version": "5.49.1"}
    assert text == "\n# my-demo\n"


def test_what_the_readme_says_wins_over_the_hub_and_the_hub_over_the_files() -> None:
    remote = "---\ntitle: Old\nemoji: X\nsdk: gradio\nsdk_version: 6.2.0\napp_file: demo.py\n---\n"
    mine = b"---\ntitle: New\nsdk_version: 5.0.0\n---\nMy text.\n"
    meta, text = supplied({"README.md": mine, "app.py": b"", "demo.py": b""}, remote=remote)
    assert meta == {
        "title": "New", "emoji": "X", "sdk": "gradio", "sdk_version": "5.0.0", "app_file": "demo.py"
    }  # fmt: skip
    assert text == "\nMy text.\n"


def test_an_app_file_of_the_hub_that_is_gone_is_not_believed() -> None:
    meta, _ = supplied({"app.py": b""}, remote="---\nsdk: gradio\napp_file: gone.py\n---\n")
    assert meta["app_file"] == "app.py"


def test_a_docker_space_needs_its_dockerfile() -> None:
    meta, _ = supplied(
        {"Dockerfile": b"FROM scratch\n"}, "docker", "---\nsdk: docker\nsdk_version: 6.2.0\n---\n"
    )
    assert meta == {"title": "my-demo", "sdk": "docker"}
    with pytest.raises(ServiceInvalid, match="Dockerfile"):
        supplied({"app.py": b""}, "docker")


@pytest.mark.parametrize("text", ["---\n- a\n---\n", "---\na: [\n---\n", "---\njust words\n---\n"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ServiceInvalid, match="cannot be read"):
        parted(text, "deploy")


@pytest.mark.parametrize(
    "text", ["", "no dashes", "--- a\n", "text\n---\na: 1\n---\n", "---\nnever closed\n"]
)
def test_what_declares_nothing_is_text(text: str) -> None:
    assert parted(text, "deploy") == ({}, text)


def test_nothing_between_the_dashes_declares_nothing() -> None:
    assert parted("---\n---\nText\n", "deploy") == ({}, "Text\n")


def test_a_byte_order_mark_and_windows_lines_are_read() -> None:
    assert parted("\ufeff---\r\nsdk: static\r\n---\r\nText\r\n", "deploy") == ({"sdk": "static"}, "Text\r\n")


def test_joining_undoes_parting() -> None:
    meta, text = parted(joined({"title": "a: b", "emoji": "🚀", "tags": ["x"]}, "Words\n"), "deploy")
    assert meta == {"title": "a: b", "emoji": "🚀", "tags": ["x"]}
    assert text.lstrip("\n") == "Words\n"
