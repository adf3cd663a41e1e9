"""A project that is built again and again, with what each build read and wrote."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from vibe_jupyter.core.kg.build.builder import Builder
from vibe_jupyter.core.kg.build.facts_cache import FactsCache
from vibe_jupyter.core.kg.build.manifest import Manifest

__all__ = ["Built", "Project"]


class Built(NamedTuple):
    manifest: Manifest
    parsed: int
    rewritten: list[str]
    blocks: dict[str, str]
    problems: dict[str, str]


class Project:
    """A folder that is built again and again with one cache."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        self.cache = folder / "facts.db"
        self.old: Manifest | None = None
        self.blocks: dict[str, str] = {}
        self._clock = 1_700_000_000

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file; each write is a second later than the last."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        self._clock += 1
        os.utime(target, (self._clock, self._clock))

    def build(self) -> Built:
        with closing(FactsCache(self.cache)) as cache:
            builder = Builder("kg", self.root, cache, self.old)
            changes = builder.plan()
            new = dict(zip(changes.added, builder.blocks(changes), strict=True))
        for record, _facts in changes.removed:
            del self.blocks[record.path]
        if changes.added and len(changes.added) == len(changes.manifest.files):
            self.blocks.clear()  # a clean build
        self.blocks |= new
        self.old = changes.manifest
        problems = {record.path: record.problem for record in self.old.files if record.problem}
        return Built(self.old, changes.parsed, changes.added, dict(self.blocks), problems)

    def clean(self, folder: Path) -> dict[str, str]:
        other = Project(folder)
        other.root, other.cache = self.root, folder / "other.db"
        other.cache.unlink(missing_ok=True)
        return other.build().blocks
