"""What became of a project since its graph was generated: by names, sizes and times; nothing is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from vibe_jupyter.core.kg.build.manifest import read_manifest
from vibe_jupyter.core.kg.build.scan import CANNOT_BE_READ, is_chosen, scan
from vibe_jupyter.core.kg.questions.symbols import PROPERTIES, first
from vibe_jupyter.core.kg.schemas import KgFileChanges, KgProblem
from vibe_jupyter.core.kg.store.generations import GraphFolder, pinned
from vibe_jupyter.core.kg.store.vocabulary import CODE
from vibe_jupyter.core.kg.store.writing import beside

if TYPE_CHECKING:
    from vibe_jupyter.core.kg.build.manifest import FileRecord, Manifest
    from vibe_jupyter.core.kg.catalog import Graph
    from vibe_jupyter.core.kg.schemas import KgStatus

__all__ = ["SHOWN_FILES", "add_freshness"]

SHOWN_FILES = 1000
_PROBLEM = ox.NamedNode(f"{CODE}problem")


def add_freshness(status: KgStatus, graph: Graph) -> None:
    """Fill in what is known of a graph's files.

    Raises:
        NotFound: `kg.empty`.
    """
    with pinned(GraphFolder(graph.folder)) as generation:
        manifest = read_manifest(beside(generation))
        store = ox.Store.read_only(str(generation.store))
        problems = sorted(
            (first(store, quad.subject, PROPERTIES.path), quad.object.value)
            for quad in store.quads_for_pattern(None, _PROBLEM, None, ox.DefaultGraph())
            if isinstance(quad.subject, ox.NamedNode) and isinstance(quad.object, ox.Literal)
        )
        del store
    status.problem_count = len(problems)
    status.problems = [KgProblem(path=path, reason=reason) for path, reason in problems[:SHOWN_FILES]]
    if manifest is None:  # another version wrote it: everything is read anew
        status.is_current = False
        return
    status.files = len(manifest.files)
    status.only = list(manifest.only)
    status.changes = _changes(Path(graph.root), manifest)
    status.is_current = not status.changes.total


def _changes(root: Path, manifest: Manifest) -> KgFileChanges:
    known = {record.path: record for record in manifest.files}
    new, changed = [], []
    for seen in scan(root):
        if not is_chosen(seen.path, manifest.only):
            continue
        record = known.pop(seen.path, None)
        if record is None:
            new.append(seen.path)
        elif (record.size, record.modified_ns) != (seen.size, seen.modified_ns) or _may_pass(record):
            changed.append(seen.path)
    return KgFileChanges(
        new=new[:SHOWN_FILES],
        changed=changed[:SHOWN_FILES],
        removed=sorted(known)[:SHOWN_FILES],
        total=len(new) + len(changed) + len(known),
    )


def _may_pass(record: FileRecord) -> bool:
    return record.problem.startswith(CANNOT_BE_READ)
