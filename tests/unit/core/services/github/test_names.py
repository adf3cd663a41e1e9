"""A name never becomes another part of a URL, and git's own rules hold."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vibe_jupyter.core.services.failures import ServiceInvalid
from vibe_jupyter.core.services.github.names import checked_branch, checked_repository, quoted


@pytest.mark.parametrize("name", ["main", "feat/x-1", "v1.2", "ü", "a@b", "x/y/z", "under_score", "HEAD2"])
def test_usual_branches_are_taken(name: str):
    assert checked_branch(name) == name


@settings(max_examples=60)
@given(name=st.text(st.sampled_from("ab/.-@{~^:?*[\\ \n\x7fü"), max_size=6))
@example("a.lock")
@example("a.lock/b")
@example("@")
@example("a/.b")
def test_what_is_taken_for_a_branch_git_takes_too(name: str):
    try:
        checked_branch(name)
    except ServiceInvalid:
        return
    done = subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True)
    assert done.returncode == 0, name


@pytest.mark.parametrize("name", ["alice/demo", "a/.github", "A-1/x_y.z", "a_enterprise/x"])
def test_usual_repositories_are_taken(name: str):
    assert checked_repository(name) == name


@pytest.mark.parametrize(
    "name", ["", "a", "a/", "/a", "a/b/c", "a/..", "-a/b", "a b/c", "a/b?c", "a/b#", "a/b.git"]
)
def test_what_is_no_repository_is_refused(name: str):
    with pytest.raises(ServiceInvalid, match="no repository"):
        checked_repository(name)


def test_what_a_path_holds_stays_a_path():
    assert quoted("a b/c?d#e%2f") == "a%20b/c%3Fd%23e%252f"
