"""A snapshot's files get git's own ids, and what GitHub would not take is refused before anything is sent."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vibe_jupyter.core.services.failures import ServiceConflict, ServiceInvalid
from vibe_jupyter.core.services.github.snapshot import MAX_FILE_BYTES, FileContent, measured


def content(data: bytes = b"x") -> FileContent:
    return FileContent(lambda: data)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300))
def test_the_id_of_a_content_is_gits(tmp_path: Path, data: bytes):
    done = subprocess.run(
        ["git", "hash-object", "--stdin", "--no-filters"],
        input=data,
        capture_output=True,
        cwd=tmp_path,
        check=True,
    )
    (file,) = measured({"a": content(data)}).values()
    assert file.sha == done.stdout.decode().strip()
    assert file.size_bytes == len(data)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "./a",
        "a/.",
        ".git/config",
        "a/.GIT/hooks/x",
        "a\0b",
        "a/",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str):
    with pytest.raises(ServiceInvalid, match="no path"):
        measured({path: content()})


def test_names_that_only_look_odd_are_taken():
    names = ["a b", "ü/日本", "a\\b", ".gitignore", "git", "-x", "a\nb", "..a", "CON"]
    assert set(measured({name: content() for name in names})) == set(names)


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(ServiceInvalid, match="no Unicode") as raised:
        measured({os.fsdecode(b"caf\xe9"): content()})
    assert raised.value.message.encode()


def test_a_file_is_no_folder_of_another_one():
    with pytest.raises(ServiceInvalid, match=r"a/b is a file and the folder of a/b/c/d"):
        measured({"a/b/c/d": content(), "a/b": content(), "a/b.txt": content()})


def test_nothing_is_nothing_to_push():
    with pytest.raises(ServiceInvalid, match="nothing to push"):
        measured({})


def test_every_file_that_is_too_large_is_named(tmp_path: Path):
    paths = {}
    for name in ("one", "two"):
        paths[name] = tmp_path / name
        paths[name].touch()
        os.truncate(paths[name], MAX_FILE_BYTES + 1)
    with pytest.raises(ServiceInvalid, match=r"one .*, two") as raised:
        measured({name: FileContent(path) for name, path in paths.items()} | {"small": content()})
    assert raised.value.data is not None
    assert raised.value.data["paths"] == ["one", "two"]


def test_a_file_is_read_as_it_is_and_a_link_as_where_it_points_to(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"\r\n\0")
    (tmp_path / "l").symlink_to("elsewhere/x")
    found = measured(
        {"a": FileContent(tmp_path / "a", executable=True), "l": FileContent(tmp_path / "l", link=True)}
    )
    assert {path: (file.mode, file.read()) for path, file in found.items()} == {
        "a": ("100755", b"\r\n\0"), "l": ("120000", b"elsewhere/x"),
    }  # fmt: skip


def test_what_is_no_file_by_now_is_not_read(tmp_path: Path):
    (tmp_path / "secret").write_text("canary")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("link", "is a link"), ("pipe", "regular"), ("gone", "No such file"), (".", "read")):
        with pytest.raises(ServiceInvalid, match=words):
            measured({"x": FileContent(tmp_path / name)})


def test_a_content_that_changes_after_it_was_measured_is_noticed(tmp_path: Path):
    (tmp_path / "a").write_text("one")
    (file,) = measured({"a": FileContent(tmp_path / "a")}).values()
    assert file.read() == b"one"
    (tmp_path / "a").write_text("two")
    with pytest.raises(ServiceConflict, match="a changed while"):
        file.read()
