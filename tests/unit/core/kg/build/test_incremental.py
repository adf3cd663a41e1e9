"""An incremental build gives what a clean one gives, after any sequence of changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.unit.core.kg.build.projects import change, change_notebook, change_outline, change_script
from vibe_jupyter.core.kg.build.builder import Builder
from vibe_jupyter.core.kg.build.facts_cache import FactsCache
from vibe_jupyter.core.kg.build.manifest import Manifest


def build(root: Path, cache: Path, old: Manifest | None, blocks: dict[str, str]) -> Manifest:
    """Build, and apply what changed to the blocks of the last build."""
    facts = FactsCache(cache)
    try:
        builder = Builder("kg", root, facts, old)
        changes = builder.plan()
        for record, _facts in changes.removed:
            del blocks[record.path]
        for path in changes.added:
            blocks[path] = builder.block(path)
    finally:
        facts.close()
    return changes.manifest


def equals_clean_builds(
    folder: Path, seed: int, begin: Callable[[Path, Random], None], follow: Callable[[Path, Random], None]
) -> None:
    """Make a project, then change it six times, one to three files at a time; each time both builds are the same."""
    chance = Random(seed)
    root = folder / "project"
    root.mkdir()
    begin(root, chance)
    blocks: dict[str, str] = {}
    manifest = build(root, folder / "facts.db", None, blocks)
    for step in range(6):
        for _ in range(chance.randint(1, 3)):
            follow(root, chance)
        manifest = build(root, folder / "facts.db", manifest, blocks)
        clean: dict[str, str] = {}
        build(root, folder / f"clean{step}.db", None, clean)
        assert blocks == clean


@pytest.mark.parametrize("seed", range(40))
def test_equals_a_clean_build_after_any_changes(tmp_path: Path, seed: int) -> None:
    def begin(root: Path, chance: Random) -> None:
        for _ in range(6):
            change(root, chance)

    equals_clean_builds(tmp_path, seed, begin, change)


@pytest.mark.parametrize("seed", range(60))
def test_equals_a_clean_build_of_a_project_in_two_languages(tmp_path: Path, seed: int) -> None:
    def begin(root: Path, chance: Random) -> None:
        for _ in range(14):
            change_script(root, chance)
        change(root, chance)

    def follow(root: Path, chance: Random) -> None:
        chance.choice([change_script, change_script, change])(root, chance)

    equals_clean_builds(tmp_path, seed, begin, follow)


@pytest.mark.parametrize("seed", range(30))
def test_equals_a_clean_build_of_a_project_with_notebooks(tmp_path: Path, seed: int) -> None:
    def follow(root: Path, chance: Random) -> None:
        chance.choice([change_notebook, change])(root, chance)

    def begin(root: Path, chance: Random) -> None:
        for _ in range(5):
            follow(root, chance)

    equals_clean_builds(tmp_path, seed, begin, follow)


@pytest.mark.parametrize("seed", range(60))
def test_equals_a_clean_build_of_languages_that_are_read_as_outlines(tmp_path: Path, seed: int) -> None:
    def begin(root: Path, chance: Random) -> None:
        for _ in range(24):
            change_outline(root, chance)

    equals_clean_builds(tmp_path, seed, begin, change_outline)


def test_reads_nothing_again_where_nothing_changed(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "one.py").write_text("def one():\n    return two()\n")
    blocks: dict[str, str] = {}
    manifest = build(root, tmp_path / "facts.db", None, blocks)
    facts = FactsCache(tmp_path / "facts.db")
    changes = Builder("kg", root, facts, manifest).plan()
    facts.close()
    assert (changes.added, changes.removed, changes.parsed) == ([], [], 0)
