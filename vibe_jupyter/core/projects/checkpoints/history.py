"""A project's checkpoints: make one, list them, compare, go back, and keep them within their share of the disk."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from vibe_jupyter.core.errors import Conflict, NotFound
from vibe_jupyter.core.ids import new_id, now
from vibe_jupyter.core.locks import Lock
from vibe_jupyter.core.projects.checkpoints.repository import LINK, RUNNABLE, GitRepository
from vibe_jupyter.core.projects.checkpoints.snapshot import Snapshot, take_snapshot
from vibe_jupyter.core.projects.rooted import RootedFolder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vibe_jupyter.core.projects.checkpoints.repository import TreeEntry

__all__ = ["CheckpointHistory", "CheckpointLimits", "Kind", "Restored", "StoredCheckpoint"]

Kind = Literal["person", "before", "undo", "restored"]
"""`person`: somebody asked for it. `before`: a change by the platform followed. `undo`: what an undo has replaced.
`restored`: where an undo has led to; its `origin` is the checkpoint that it has brought back."""

_WAIT_S = 10.0
_POLL_S = 0.02
_LOOSE_OBJECTS = 5000
_SHOWN_ID = 60


@dataclass(frozen=True)
class CheckpointLimits:
    """What checkpoints may cost.

    Args:
        max_bytes: on the disk, for one project; the oldest make room.
        max_file_bytes: a larger file is left out.
        keep: so many checkpoints; those of the platform go first.
    """

    max_bytes: int
    max_file_bytes: int
    keep: int


@dataclass(frozen=True)
class StoredCheckpoint:
    """A checkpoint as its commit tells it."""

    id: str
    tree: str
    message: str
    kind: Kind
    created_at: str
    files: int
    size_bytes: int
    left_out: int
    origin: str | None = None


@dataclass(frozen=True)
class Restored:
    """What an undo has done: the checkpoint that is back, the one of what was there, and the files that differ.

    Args:
        left: files that could not be brought back or removed, with the reason.
    """

    checkpoint: StoredCheckpoint
    before: StoredCheckpoint
    written: list[str]
    removed: list[str]
    left: dict[str, str]


class CheckpointHistory:
    """The checkpoints of one project. All methods block: call them on a thread.

    Args:
        root: the project's folder.
        folder: where they are kept; never inside `root`.
    """

    def __init__(self, root: Path, folder: Path, limits: CheckpointLimits) -> None:
        self._root = root
        self._folder = folder
        self._limits = limits
        self._repository = GitRepository(folder / "objects.git")

    def make(self, message: str, kind: Kind = "person") -> tuple[StoredCheckpoint, Snapshot]:
        """Store what the project's files are now; where nothing has changed since, the last one of ours is that.

        Raises:
            Conflict: `project.busy`.
            VibeError: `git.missing`, `checkpoint.failed`.
        """
        with self._locked():
            snapshot = self._snapshot()
            newest = next(iter(self._all()), None)
            if kind == "before" and newest is not None and newest.tree == snapshot.tree:
                return newest, snapshot
            stored = self._store(snapshot, message, kind)
            self._make_room()
            return stored, snapshot

    def all(self) -> list[StoredCheckpoint]:
        """Return the checkpoints, the newest first."""
        return self._all() if self._folder.exists() else []

    def find(self, word: str) -> StoredCheckpoint:
        """Return the checkpoint whose id is or ends with `word`, or whose message it is.

        Raises:
            NotFound: `checkpoint.not_found`.
            Conflict: `checkpoint.ambiguous`.
        """
        known = self.all()
        for one in known:
            if one.id == word:
                return one
        fitting = [one for one in known if len(word) >= 4 and one.id.endswith(word)]
        fitting = fitting or [one for one in known if one.message == word]
        if not fitting:
            raise NotFound(
                f"there is no checkpoint {word[:_SHOWN_ID]!r}",
                code="checkpoint.not_found",
                hint="the project's checkpoints are listed by %vibe project checkpoints",
            )
        if len(fitting) > 1:
            raise Conflict(
                f"{len(fitting)} checkpoints are meant by {word[:_SHOWN_ID]!r}",
                code="checkpoint.ambiguous",
                hint=f"give more of the id, e.g. {fitting[0].id[-12:]}",
            )
        return fitting[0]

    def compare(
        self, old: str | None, new: str | None, paths: Sequence[str] = ()
    ) -> tuple[StoredCheckpoint, StoredCheckpoint | None, list[tuple[str, str, int, int]], bytes]:
        """Return what differs between two checkpoints, or between one and the files as they are now.

        Args:
            old: a checkpoint; default: the newest.
            new: another; default: the files now.
            paths: only these files and folders.

        Raises:
            NotFound: `checkpoint.not_found`, `checkpoint.none`.
        """
        first = self.find(old) if old is not None else self._newest()
        second = self.find(new) if new is not None else None
        if second is not None:
            to = second.tree
        else:
            with self._locked():
                to = self._snapshot().tree
        counts = self._repository.statistics(first.tree, to, paths)
        return first, second, counts, self._repository.difference(first.tree, to, paths)

    def undo(self, word: str | None = None) -> Restored:
        """Bring back the files as they were at a checkpoint; what is there now becomes one first.

        Args:
            word: which; default: the last one that differs from what is there. So undoing again goes further back.

        Raises:
            NotFound: `checkpoint.not_found`, `checkpoint.none`, `checkpoint.nothing_to_undo`.
            Conflict: `project.busy`.
        """
        target = self.find(word) if word is not None else None
        with self._locked():
            self._root.mkdir(parents=True, exist_ok=True)
            snapshot = self._snapshot()
            if target is None:
                target = self._step_back(snapshot.tree)
            before = self._store(snapshot, "before going back", "undo")
            restored = self._restore(target, snapshot)
            origin = target.origin or target.id
            self._store(self._snapshot(), f"back at {target.message}", "restored", origin)
            self._make_room()
            return Restored(target, before, *restored)

    def forget(self) -> None:
        """Delete all checkpoints."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _newest(self) -> StoredCheckpoint:
        for one in self.all():
            if one.kind != "undo":
                return one
        raise _none()

    def _step_back(self, tree: str) -> StoredCheckpoint:
        """Return where one undo leads to.

        From a state that an undo has led to, the way back goes on behind the checkpoint that it has brought back.
        """
        known = [one for one in self._all() if one.kind != "undo"]
        if not known:
            raise _none()
        place = 0
        while place < len(known):
            one = known[place]
            if one.tree != tree:
                return one
            behind = next((i for i, other in enumerate(known) if other.id == one.origin), None)
            place = (place if behind is None else behind) + 1
        raise NotFound(
            "the files are as they were at the first checkpoint",
            code="checkpoint.nothing_to_undo",
            hint="%vibe project checkpoints lists where you can go",
        )

    def _restore(
        self, target: StoredCheckpoint, now_there: Snapshot
    ) -> tuple[list[str], list[str], dict[str, str]]:
        wanted = self._repository.read_tree(target.tree)
        folder = RootedFolder(self._root)
        written: list[str] = []
        removed: list[str] = []
        left: dict[str, str] = {}
        # What stands in the way of a folder or file of another kind goes first.
        folders = {above for path in wanted for above in _folders_above(path)}
        for path in now_there.files:
            if path in folders or any(above in wanted for above in _folders_above(path)):
                self._remove(folder, path, removed, left)
        changed = {path: entry for path, entry in wanted.items() if now_there.files.get(path) != entry}
        contents = self._repository.contents(entry.blob for entry in changed.values())
        with contextlib.closing(contents):  # type: ignore[type-var]
            for path, entry, content in zip(changed, changed.values(), contents, strict=True):
                try:
                    _put(folder, path, entry, content)
                    written.append(path)
                except OSError as error:
                    left[path] = f"cannot be written: {error.strerror}"
        # A file that is not the project's by the ignore files that are back was not seen at that time: it stays.
        seen = set(self._snapshot().files)
        for path in now_there.files:
            if path not in wanted and path in seen:
                self._remove(folder, path, removed, left)
        return sorted(written), sorted(removed), left

    @staticmethod
    def _remove(folder: RootedFolder, path: str, removed: list[str], left: dict[str, str]) -> None:
        try:
            if folder.remove(path):
                removed.append(path)
        except OSError as error:
            left[path] = f"cannot be removed: {error.strerror}"

    def _snapshot(self) -> Snapshot:
        limits = self._limits
        return take_snapshot(
            self._root,
            self._repository,
            self._folder / "seen.json",
            max_file_bytes=limits.max_file_bytes,
            max_bytes=limits.max_bytes,
        )

    def _store(
        self, snapshot: Snapshot, message: str, kind: Kind, origin: str | None = None
    ) -> StoredCheckpoint:
        stored = StoredCheckpoint(
            id=new_id(),
            tree=snapshot.tree,
            message=message,
            kind=kind,
            created_at=now(),
            files=len(snapshot.files),
            size_bytes=snapshot.size_bytes,
            left_out=len(snapshot.left_out),
            origin=origin,
        )
        facts = {name: value for name, value in asdict(stored).items() if name not in ("id", "tree")}
        self._repository.set_ref(stored.id, self._repository.commit(stored.tree, json.dumps(facts)))
        return stored

    def _all(self) -> list[StoredCheckpoint]:
        self._repository.ensure()
        return [
            StoredCheckpoint(id=name, tree=tree, **json.loads(message))
            for name, _, tree, message in self._repository.refs()
        ]

    def _make_room(self) -> None:
        """Drop checkpoints until they are within their limits; the newest two always stay."""
        kept = self._all()
        dropped: list[str] = []

        def drop(count: int) -> None:
            for _ in range(count):
                own = [one for one in kept[2:] if one.kind != "person"]
                gone = (own or kept[2:])[-1]
                kept.remove(gone)
                dropped.append(gone.id)

        if len(kept) > self._limits.keep:
            drop(len(kept) - max(2, self._limits.keep))
        self._repository.drop_refs(dropped)
        if self._repository.loose_objects > _LOOSE_OBJECTS:
            self._repository.collect()
        while self._repository.size_bytes > self._limits.max_bytes:
            self._repository.collect()
            if self._repository.size_bytes <= self._limits.max_bytes or len(kept) <= 2:
                return
            dropped.clear()
            drop(max(1, (len(kept) - 2) // 4))
            self._repository.drop_refs(dropped)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from doing the same to this project.

        Raises:
            Conflict: `project.busy`.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = Lock(self._folder / "writer.lock", create=True)
        try:
            ends = time.monotonic() + _WAIT_S
            while not lock.try_take():
                if time.monotonic() > ends:
                    raise Conflict(
                        "another checkpoint of this project is being made",
                        code="project.busy",
                        hint="try again when it is done",
                    )
                time.sleep(_POLL_S)
            self._repository.ensure()
            yield
        finally:
            lock.close()


def _put(folder: RootedFolder, path: str, entry: TreeEntry, content: bytes) -> None:
    folder.make_way(path)
    if entry.mode == LINK:
        folder.link(path, content)
    else:
        folder.write(path, content, executable=entry.mode == RUNNABLE)


def _folders_above(path: str) -> Iterator[str]:
    """Yield the folders that a path is in: `a` and `a/b` of `a/b/c`."""
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def _none() -> NotFound:
    return NotFound(
        "this project has no checkpoint yet",
        code="checkpoint.none",
        hint='make one: %vibe project checkpoint "before I try things"',
    )
