"""The files of a graph, and what leads from one to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.errors import NotFound, nearest
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["files_of", "is_under", "lies_under", "pairs"]

_DEFAULT = ox.DefaultGraph()


def files_of(store: ox.Store) -> dict[str, str]:
    """Return the paths of the project's source files by their IRIs, sorted by path."""
    found: dict[str, str] = {}
    for quad in store.quads_for_pattern(None, PROPERTIES.language, None, _DEFAULT):
        if isinstance(quad.subject, ox.NamedNode):
            for path in store.quads_for_pattern(quad.subject, PROPERTIES.path, None, _DEFAULT):
                if isinstance(path.object, ox.Literal):
                    found[quad.subject.value] = path.object.value
    return dict(sorted(found.items(), key=lambda item: item[1]))


def pairs(store: ox.Store, name: ox.NamedNode) -> Iterator[tuple[str, str]]:
    """Yield what a property joins, as IRIs."""
    for quad in store.quads_for_pattern(None, name, None, _DEFAULT):
        if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.NamedNode):
            yield quad.subject.value, quad.object.value


def lies_under(under: str, paths: Iterable[str]) -> str:
    """Return a folder or file as paths begin with it; "" for the whole project.

    Raises:
        NotFound: `kg.no_such_folder`, with the nearest folders.
    """
    wanted = under.strip().replace("\\", "/").removeprefix("./").strip("/")
    if wanted in ("", "."):
        return ""
    known = set(paths)
    if not any(is_under(path, wanted) for path in known):
        folders = {path.rpartition("/")[0] for path in known} - {""}
        similar = nearest(wanted, sorted(folders)[:5_000])
        raise NotFound(
            f"the graph has no file in {under[:200]!r}",
            code="kg.no_such_folder",
            hint=f"did you mean {', '.join(similar)}?"
            if similar
            else "paths are relative to the project's folder",
        )
    return wanted


def is_under(path: str, under: str) -> bool:
    """Whether a file is the named one, or lies in the named folder."""
    return not under or path == under or path.startswith(f"{under}/")
