"""What is sent turns the files on GitHub into ours, whatever both are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.services.github.changes import as_text, change_between, folders_of
from vibe_jupyter.core.services.github.reading import Entry
from vibe_jupyter.core.services.github.snapshot import FileContent, LocalFile

SHAS = ["1" * 40, "2" * 40]
Tree = dict[str, tuple[str, str]]
"""A mode and an id by path."""

_paths = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)


@st.composite
def trees(draw: st.DrawFn, modes: tuple[str, ...]) -> Tree:
    """Draw a tree in which no file is a folder too."""
    found: Tree = {}
    for path in draw(st.lists(_paths, max_size=6, unique=True)):
        if path not in folders_of(found) and folders_of([path]).isdisjoint(found):
            found[path] = (draw(st.sampled_from(modes)), draw(st.sampled_from(SHAS)))
    return found


def here(tree: Tree) -> dict[str, LocalFile]:
    return {
        path: LocalFile(path, FileContent(lambda: b"", executable=mode == "100755"), sha, 0)
        for path, (mode, sha) in tree.items()
    }


def there(tree: Tree) -> dict[str, Entry]:
    return {
        path: Entry(path, mode, "commit" if mode == "160000" else "blob", sha, 0)
        for path, (mode, sha) in tree.items()
    }


def with_lines(base: Tree, lines: list[dict[str, Any]]) -> Tree:
    """Do what GitHub does with the lines of a new tree; it refuses what cannot be."""
    found = dict(base)
    for line in lines:
        if line["sha"] is None:
            del found[line["path"]]
    for line in lines:
        if line["sha"] is not None:
            assert folders_of([line["path"]]).isdisjoint(found), "a file is in the way"
            assert line["path"] not in folders_of(found), "a folder is in the way"
            found[line["path"]] = (line["mode"], line["sha"])
    return found


def sent(change: Any) -> list[dict[str, Any]]:
    return [{"path": file.path, "mode": file.mode, "sha": file.sha} for file in change.changed]


@given(ours=trees(("100644", "100755")), theirs=trees(("100644", "100755", "120000", "160000")))
def test_the_difference_makes_ours_of_theirs_and_keeps_submodules(ours: Tree, theirs: Tree):
    change = change_between(here(ours), there(theirs))
    tree = {} if change.is_total else theirs
    if change.has_clash:
        tree = with_lines(with_lines(tree, change.removals), sent(change))
    else:
        tree = with_lines(tree, [*change.removals, *sent(change)])
    submodules = {path: line for path, line in theirs.items() if line[0] == "160000"}
    kept = {
        path: line
        for path, line in submodules.items()
        if path not in ours and path not in folders_of(ours) and folders_of([path]).isdisjoint(ours)
    }
    assert {path: line for path, line in tree.items() if path not in submodules or path in ours} == ours
    assert kept.items() <= tree.items()
    assert change.is_none == (tree == theirs)


@given(tree=trees(("100644",)))
def test_nothing_differs_from_itself(tree: Tree):
    change = change_between(here(tree), there(tree))
    assert change.is_none
    assert change.paths == change.lost == []


def test_what_would_be_lost_is_what_is_replaced_or_removed():
    theirs = there({"same": ("100644", SHAS[0]), "other": ("100644", SHAS[0]), "gone": ("100644", SHAS[0])})
    ours = here({"same": ("100644", SHAS[0]), "other": ("100644", SHAS[1]), "new": ("100644", SHAS[1])})
    change = change_between(ours, theirs)
    assert change.lost == ["gone", "other"]
    assert change.paths == ["gone", "new", "other"]
    assert change.stored == {SHAS[0]}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\n", "a\r\n"), ("\ufeffä".encode(), "\ufeffä"), (b"", None), (b"a\0", None), (b"\xff", None),
        (b"x" * 256 * 1024, "x" * 256 * 1024), (b"x" * (256 * 1024 + 1), None),
    ],
    ids=["text", "mark", "empty", "nul", "latin", "long", "longer"],
)  # fmt: skip
def test_short_texts_stand_in_a_tree_and_all_else_does_not(data: bytes, text: str | None):
    assert as_text(data) == text
