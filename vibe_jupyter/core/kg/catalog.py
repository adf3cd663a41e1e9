"""Which knowledge graphs there are: a folder for each, which says whose it is and of what.

A graph's id follows from its owner and its project's folder, so that generating again keeps it, wherever it is asked.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import orjson

from vibe_jupyter.core.errors import NotFound, nearest
from vibe_jupyter.core.kg.build.manifest import manifest_path
from vibe_jupyter.core.kg.store.generations import GraphFolder
from vibe_jupyter.core.kg.store.writing import beside

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Graph", "GraphCatalog"]

_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}\Z")


class Graph(NamedTuple):
    """A registered graph."""

    kg_id: str
    user_id: str
    root: str
    name: str
    created_at: datetime
    folder: Path


class GraphCatalog:
    """The graphs of an installation. All methods read or write small files.

    Args:
        folder: `<data_dir>/kg`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def id_of(self, user_id: str, root: Path) -> str:
        """Return the id of the graph of a project."""
        slug = re.sub(r"[^a-z0-9]+", "-", root.name.lower()).strip("-")[:40] or "project"
        whose = f"{user_id}\0{root}".encode()
        return f"{slug}-{hashlib.sha256(whose).hexdigest()[:8]}"

    def register(self, user_id: str, root: Path) -> Graph:
        """Return the graph of a project; it is made, empty, if there is none."""
        kg_id = self.id_of(user_id, root)
        folder = self._folder / kg_id
        if not (folder / "graph.json").exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            about = {
                "kg_id": kg_id,
                "user_id": user_id,
                "root": str(root),
                "name": root.name or str(root),
                "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
            draft = folder / f".graph.{os.getpid()}.json"
            draft.write_bytes(orjson.dumps(about))
            draft.replace(folder / "graph.json")
        return self.get(user_id, kg_id)

    def get(self, user_id: str, kg_id: str) -> Graph:
        """Return a user's graph.

        Raises:
            NotFound: `kg.not_found`; that of another user is not found either.
        """
        graph = self._read(self._folder / kg_id) if _ID.match(kg_id) else None
        if graph is None or graph.user_id != user_id:
            known = [graph.kg_id for graph in self.list(user_id)]
            similar = nearest(kg_id, known)
            raise NotFound(
                f"there is no knowledge graph {kg_id[:100]!r}",
                code="kg.not_found",
                hint=f"did you mean {', '.join(similar)}?" if similar else "%vibe kg list shows yours",
            )
        return graph

    def list(self, user_id: str) -> list[Graph]:
        """Return a user's graphs, the one that changed last first."""
        if not self._folder.is_dir():
            return []
        graphs = [self._read(folder) for folder in self._folder.iterdir()]
        own = [graph for graph in graphs if graph is not None and graph.user_id == user_id]
        return sorted(own, key=lambda graph: (_changed(graph), graph.kg_id), reverse=True)

    def chosen(self, user_id: str, kg_id: str | None) -> Graph:
        """Return the graph that is meant: the one named, or the one that changed last.

        Raises:
            NotFound: `kg.not_found`, `kg.none`.
        """
        if kg_id is not None:
            return self.get(user_id, kg_id)
        graphs = self.list(user_id)
        if not graphs:
            raise NotFound(
                "there is no knowledge graph yet",
                code="kg.none",
                hint="make one of this folder: %vibe kg generate",
            )
        return graphs[0]

    def _read(self, folder: Path) -> Graph | None:
        try:
            about = orjson.loads((folder / "graph.json").read_bytes())
            created_at = datetime.fromisoformat(about["created_at"])
            return Graph(about["kg_id"], about["user_id"], about["root"], about["name"], created_at, folder)
        except (FileNotFoundError, NotADirectoryError, KeyError, ValueError):
            return None  # no graph, or one that is just being removed


def _changed(graph: Graph) -> float:
    current = GraphFolder(graph.folder).current()
    try:
        if current is None:
            return graph.created_at.timestamp()
        # Facts of people make a new generation too, but share this file with the one before.
        return manifest_path(beside(current)).stat().st_mtime
    except FileNotFoundError:  # replaced while we looked
        return graph.created_at.timestamp()
