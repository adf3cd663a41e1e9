"""Make or renew the graph of a project; runs in a worker process, which may be killed at any time."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.errors import Conflict
from vibe_jupyter.core.kg.build.builder import Builder, Changes
from vibe_jupyter.core.kg.build.facts_cache import FactsCache
from vibe_jupyter.core.kg.build.history import History, keep_history, kept_history, read_history
from vibe_jupyter.core.kg.build.manifest import Activity, read_manifest, write_manifest
from vibe_jupyter.core.kg.model.notebooks import data_iri
from vibe_jupyter.core.kg.model.packages import dependency_iri
from vibe_jupyter.core.kg.model.provenance import activity_block, project_block
from vibe_jupyter.core.kg.store import protocol
from vibe_jupyter.core.kg.store.generations import GraphFolder, pinned
from vibe_jupyter.core.kg.store.writing import apply_changes, beside, load_graph
from vibe_jupyter.core.kg.words import write_words
from vibe_jupyter.core.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pyoxigraph as ox

    from vibe_jupyter.core.kg.build.manifest import Manifest
    from vibe_jupyter.core.kg.store.protocol import UpdateResult

__all__ = ["generate", "generating"]

_WORTH_LOADING = 0.3
"""If more than this part of the files is rewritten, a new load costs less than the difference."""


def generate(
    graph: str,
    kg_id: str,
    root: str,
    *,
    clean: bool = False,
    only: Sequence[str] = (),
    report: Callable[..., None] = lambda *_arguments, **_facts: None,
) -> dict[str, Any]:
    """Bring a graph up to date with its project.

    Args:
        graph: the graph's folder; made if it is not there.
        kg_id: names the graph in its IRIs.
        root: the project's folder, absolute.
        clean: read all files anew, whatever is known of them.
        only: files and folders, relative to the root, that the graph is of; all of the project if empty.
        report: told how far it is.

    Raises:
        Conflict: `kg.busy`, if somebody else writes it.
        Unavailable: `kg.disk_full`; the graph is as it was.
    """
    folder = GraphFolder(Path(graph))
    with generating(folder):
        return _Generation(folder, kg_id, Path(root), clean, only, report).run()


@contextmanager
def generating(folder: GraphFolder) -> Iterator[None]:
    """Be the only one who generates a graph, or removes it.

    Raises:
        Conflict: `kg.busy`.
    """
    while True:
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock = Lock(folder.path / "build.lock", create=True)
        except FileNotFoundError:
            continue  # it was removed between the two
        try:
            if not lock.try_take():
                raise Conflict(
                    "this knowledge graph is being generated already",
                    code="kg.busy",
                    hint="wait for the task that does it: %vibe task list",
                )
            if lock.is_current:  # else the graph was removed before we had it
                yield
                return
        finally:
            lock.close()


class _Generation:
    def __init__(
        self,
        folder: GraphFolder,
        kg_id: str,
        root: Path,
        clean: bool,
        only: Sequence[str],
        report: Callable[..., None],
    ) -> None:
        self._folder = folder
        self._kg_id = kg_id
        self._root = root
        self._clean = clean
        self._only = only
        self._report = report
        self._started = time.time()
        self._history = History("", "")
        self._old_history = ""

    def run(self) -> dict[str, Any]:
        gc.disable()  # this process does nothing else, and what it makes lives to the end
        cache = FactsCache(self._folder.path / "facts.db")
        try:
            current = self._folder.current()
            old = read_manifest(beside(current)) if current is not None else None
            builder = self._builder(cache, None if self._clean else old)
            changes = builder.plan()
            manifest = changes.manifest
            manifest.activities = list(old.activities) if old else []
            base = builder.writer.base
            before = kept_history(beside(current), old.history) if current and old else History("", "")
            paths = [record.path for record in manifest.files]
            known = History("", "") if self._clean else before
            self._history = read_history(self._root, base, paths, known)
            self._old_history = before.block
            manifest.history = self._history.key
            is_new = old is None or self._clean or not old.files
            written: UpdateResult | None = None
            if is_new or len(changes.added) > _WORTH_LOADING * max(1, len(manifest.files)):
                if not is_new:  # all blocks are needed
                    builder = self._builder(cache, None)
                    parsed = changes.parsed
                    changes = builder.plan()._replace(parsed=parsed)
                    changes.manifest.activities = manifest.activities
                    changes.manifest.history = manifest.history
                written = self._load(builder, changes)
            elif changes.added or changes.removed or self._history.block != before.block:
                written = self._apply(builder, changes)
            cache.keep_only({record.sha for record in changes.manifest.files})
        finally:
            cache.close()
        self._folder.tidy()
        return self._summary(changes, written)

    def _builder(self, cache: FactsCache, old: Manifest | None) -> Builder:
        return Builder(self._kg_id, self._root, cache, old, self._report, self._only)

    def _activity(self, changes: Changes) -> Activity:
        manifest = changes.manifest
        number = manifest.activities[-1].number + 1 if manifest.activities else 1
        activity = Activity(
            number, _iso(self._started), _iso(time.time()), len(manifest.files), changes.parsed
        )
        manifest.activities.append(activity)
        return activity

    def _load(self, builder: Builder, changes: Changes) -> UpdateResult:
        def blocks() -> Iterator[str]:
            yield project_block(builder.writer.base, self._root.name)
            yield from builder.blocks(changes)
            yield self._history.block
            self._activity(changes)
            for activity in changes.manifest.activities:
                yield activity_block(builder.writer.base, activity)
            self._report(None, "storing the graph")

        return load_graph(
            self._folder, blocks(), fill_beside=self._keeps(builder, changes, is_new=True), is_ours=True
        )

    def _apply(self, builder: Builder, changes: Changes) -> UpdateResult:
        import pyoxigraph as ox

        with pinned(self._folder) as generation:
            store = ox.Store.read_only(str(generation.store))
            before = set(_lines(self._old_history))
            for record, facts in changes.removed:
                for subject in builder.writer.subjects(record.path, facts):
                    before.update(_lines_about(store, subject))
            after = set(_lines(self._history.block))
            for block in builder.blocks(changes):
                after.update(_lines(block))
            removed = before - after
            removed |= _orphans(store, builder, before, after)
            del store
        added = after - before
        added.update(_lines(activity_block(builder.writer.base, self._activity(changes))))
        self._report(None, "storing what changed")
        return apply_changes(
            self._folder,
            protocol.Changes(
                removed=[f"{line}\n" for line in removed], added=[f"{line}\n" for line in added]
            ),
            fill_beside=self._keeps(builder, changes),
        )

    def _keeps(
        self, builder: Builder, changes: Changes, *, is_new: bool = False
    ) -> Callable[[Path, Path | None], None]:
        def fill(new: Path, old: Path | None) -> None:
            write_manifest(new, changes.manifest)
            keep_history(new, self._history)
            gone = [record.path for record, _ in changes.removed]
            entries = ((path, builder.entries(path)) for path in changes.added)
            write_words(new, None if is_new else old, gone, entries)

        return fill

    def _summary(self, changes: Changes, written: UpdateResult | None) -> dict[str, Any]:
        current = self._folder.existing()
        files = changes.manifest.files
        return {
            "generation": current.name,
            "files": len(files),
            "parsed": changes.parsed,
            "rewritten": len(changes.added),
            "added": written.added if written else 0,
            "removed": written.removed if written else 0,
            "problems": [{"path": f.path, "reason": f.problem} for f in files if f.problem][:200],
            "duration_s": round(time.time() - self._started, 3),
        }


def _lines(block: str) -> list[str]:
    """Return a block's triples; `splitlines` would also split inside a literal, at U+2028 and the like."""
    return block.split("\n")[:-1]


def _lines_about(store: ox.Store, subject: str) -> Iterator[str]:
    import pyoxigraph as ox

    for quad in store.quads_for_pattern(ox.NamedNode(subject), None, None, ox.DefaultGraph()):
        yield f"{quad.triple} ."


def _orphans(store: ox.Store, builder: Builder, before: set[str], after: set[str]) -> set[str]:
    """Return the triples of things outside the project, packages and data files that nothing points at any more."""
    import pyoxigraph as ox

    base = builder.writer.base
    prefixes = tuple(
        f"<{iri}" for iri in (builder.writer.external(""), data_iri(base, ""), dependency_iri(base, ""))
    )

    def objects(lines: set[str]) -> set[str]:
        found = (line.rsplit(" ", 2)[1] for line in lines if line.endswith("> ."))
        return {term for term in found if term.startswith(prefixes)}

    candidates = objects(before - after) - objects(after)
    gone: set[str] = set()
    for term in candidates:
        pointing = store.quads_for_pattern(None, None, ox.NamedNode(term[1:-1]), ox.DefaultGraph())
        if all(f"{quad.triple} ." in before for quad in pointing):
            gone.update(_lines_about(store, term[1:-1]))
    return gone


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
