"""What turns the files that GitHub has into ours: only that is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vibe_jupyter.core.services.github.reading import Entry
    from vibe_jupyter.core.services.github.snapshot import LocalFile

__all__ = ["Change", "as_text", "change_between", "folders_of"]

_INLINE_BYTES = 256 * 1024
"""A longer text is stored as a blob of its own."""


@dataclass(frozen=True)
class Change:
    """The difference between a commit on GitHub and a snapshot.

    Args:
        changed: our files that are new there, or different.
        removed: what is there and not here; submodules stay where they can, since a snapshot cannot hold them.
        replaced: paths of files there that ours would take the place of.
        stored: ids of contents that GitHub has already, whatever they are called there.
        files_there: how many files it has.
    """

    changed: list[LocalFile]
    removed: list[Entry]
    replaced: list[str]
    stored: frozenset[str]
    files_there: int

    @property
    def is_none(self) -> bool:
        """Say whether everything is there already."""
        return not self.changed and not self.removed

    @property
    def paths(self) -> list[str]:
        """Return all paths that differ."""
        return sorted([*(file.path for file in self.changed), *(entry.path for entry in self.removed)])

    @property
    def lost(self) -> list[str]:
        """Return the paths of what is there and would not be any more."""
        return sorted([*self.replaced, *(entry.path for entry in self.removed)])

    @property
    def is_total(self) -> bool:
        """Say whether nothing of what is there stays."""
        return self.files_there == len(self.replaced) + len(self.removed)

    @property
    def removals(self) -> list[dict[str, Any]]:
        """Return what takes files out of a tree that is made from the one there."""
        if self.is_total:
            return []
        return [
            {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": None}
            for entry in self.removed
        ]

    @property
    def has_clash(self) -> bool:
        """Say whether a file becomes a folder or a folder a file: the one must go before the other comes."""
        changed = {file.path for file in self.changed}
        removed = {entry.path for entry in self.removed}
        return not removed.isdisjoint(folders_of(changed)) or not changed.isdisjoint(folders_of(removed))


def change_between(files: Mapping[str, LocalFile], there: Mapping[str, Entry]) -> Change:
    """Return what turns the files there into ours."""
    folders = folders_of(files)
    changed = [
        file
        for path, file in files.items()
        if path not in there or (there[path].sha, there[path].mode) != (file.sha, file.mode)
    ]
    removed = [
        entry
        for path, entry in there.items()
        if path not in files and (entry.type != "commit" or path in folders or _is_below(path, files))
    ]
    return Change(
        changed=changed,
        removed=removed,
        replaced=[file.path for file in changed if file.path in there],
        stored=frozenset(entry.sha for entry in there.values() if entry.type == "blob"),
        files_there=len(there),
    )


def folders_of(paths: Iterable[str]) -> set[str]:
    """Return all folders that some paths lie in.

    >>> sorted(folders_of(["a/b/c.py", "d.py"]))
    ['a', 'a/b']
    """
    found: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _is_below(path: str, files: Mapping[str, LocalFile]) -> bool:
    """Say whether one of our files is in the place of a folder that a path lies in."""
    return not folders_of([path]).isdisjoint(files)


def as_text(data: bytes) -> str | None:
    """Return a content as the text that can stand in a tree; None if it must be a blob.

    An empty one must: whether GitHub tells an empty text from none at all is not documented.
    """
    if not data or len(data) > _INLINE_BYTES or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
