"""Graphs of small projects, given as texts."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pyoxigraph as ox

from vibe_jupyter.core.kg.build.generate import generate
from vibe_jupyter.core.kg.store.generations import GraphFolder

__all__ = ["graph_of", "write"]


def write(root: Path, files: dict[str, str]) -> None:
    """Write files, by path; their texts are indented like the test around them."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"))


def graph_of(folder: Path, files: dict[str, str]) -> ox.Store:
    """Return the graph of a project that lies in `folder / "project"`."""
    write(folder / "project", files)
    generate(str(folder / "graph"), "shop", str(folder / "project"))
    return ox.Store.read_only(str(GraphFolder(folder / "graph").existing().store))
