"""Names and sizes that the hub takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.services.failures import ServiceInvalid
from vibe_jupyter.core.services.huggingface.names import (
    FILE_MAX_BYTES,
    SPACE_MAX_BYTES,
    check_files,
    checked_id,
    checked_path,
    quoted,
)


@pytest.mark.parametrize("repo_id", ["demo", "alice/demo", "a.b/c_d-e.f", "0/1", "x" * 96])
def test_names_that_are_taken(repo_id: str) -> None:
    assert checked_id(repo_id, "x") == repo_id


@pytest.mark.parametrize(
    "path", ["a", "a/b.txt", ".gitignore", "ä/日本.txt", "a b/c'd", "...", ".github/x", "x" * 255]
)
def test_paths_that_are_taken(path: str) -> None:
    assert checked_path(path, "x") == path


@given(st.text())
def test_a_path_that_is_taken_stays_below_the_root(path: str) -> None:
    try:
        checked_path(path, "x")
    except ServiceInvalid:
        return
    parts = path.split("/")
    assert "" not in parts
    assert ".." not in parts
    assert ".git" not in [part.lower() for part in parts]
    assert path.encode()


def test_limits_are_for_one_file_and_for_a_whole_space() -> None:
    check_files({"a": FILE_MAX_BYTES}, "dataset", "x")
    check_files({"a": SPACE_MAX_BYTES}, "space", "x")
    with pytest.raises(ServiceInvalid, match="50 GB at most in one file"):
        check_files({"a": FILE_MAX_BYTES + 1}, "dataset", "x")
    with pytest.raises(ServiceInvalid, match="together") as refused:
        check_files({"a": 1, "b": SPACE_MAX_BYTES}, "space", "x")
    assert "the largest file is b" in (refused.value.hint or "")


def test_a_name_is_quoted_as_a_path() -> None:
    assert quoted("alice/a b#?.txt") == "alice/a%20b%23%3F.txt"
