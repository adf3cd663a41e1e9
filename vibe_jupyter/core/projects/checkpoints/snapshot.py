"""What a project's files are at one moment, stored in the repository of its checkpoints.

Files that `.gitignore` excludes, and what is too large, are left out: checkpoints neither hold nor touch them. Files
that have not changed since the last look are not read again, as in git's own index.
"""

from __future__ import annotations

import json
import os
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.oracles.project_files import project_files
from vibe_jupyter.core.projects.checkpoints.repository import LINK, PLAIN, RUNNABLE, TreeEntry

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.projects.checkpoints.repository import GitRepository

__all__ = ["Snapshot", "take_snapshot"]

_FRESH_NS = 2_000_000_000
"""A file that changed so shortly before it was read may change again without its times telling."""
_Facts = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Snapshot:
    """A project's files.

    Args:
        tree: the id of the tree in the repository.
        files: what it holds, by path.
        left_out: what it does not hold although it is the project's, with the reason.
    """

    tree: str
    files: dict[str, TreeEntry]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """Return how large its files are together."""
        return sum(entry.size for entry in self.files.values())


def take_snapshot(
    root: Path, repository: GitRepository, cache_file: Path, *, max_file_bytes: int, max_bytes: int
) -> Snapshot:
    """Store what a project's files are now.

    Args:
        root: the project's folder.
        repository: where to.
        cache_file: what was seen last time; a broken one is passed over.
        max_file_bytes: a larger file is left out.
        max_bytes: together with the others; the largest are left out until the rest has no more.
    """
    left_out: dict[str, str] = {}

    def unlisted(error: OSError) -> None:
        left_out[str(error.filename)] = f"cannot be listed: {error.strerror}"

    facts: dict[str, os.stat_result] = {}
    for path in project_files(root, links=True, on_error=unlisted):
        try:
            found = (root / path).lstat()
        except OSError:  # it went away
            continue
        if stat.S_ISREG(found.st_mode) and found.st_size > max_file_bytes:
            left_out[path] = f"has {found.st_size / 2**20:,.0f} MB, more than {max_file_bytes / 2**20:,.0f}"
        else:
            facts[path] = found
    _leave_out_largest(facts, left_out, max_bytes)
    known = _read_cache(cache_file)
    began_ns = time.time_ns()
    files = {
        path: TreeEntry(_mode(found), known[path][1], found.st_size)
        for path, found in facts.items()
        if path in known and known[path][0] == _key(found)
    }
    unknown = [path for path in facts if path not in files]
    links = {path for path in unknown if stat.S_ISLNK(facts[path].st_mode)}
    blobs = repository.add_files(root, [path for path in unknown if path not in links])
    blobs |= {path: _stored_link(root / path, repository) for path in links}
    for path, blob in blobs.items():
        if blob is None:
            if os.path.lexists(root / path):
                left_out[path] = "cannot be read"
            continue
        files[path] = TreeEntry(_mode(facts[path]), blob, facts[path].st_size)
    _write_cache(
        cache_file,
        {
            path: (_key(facts[path]), entry.blob)
            for path, entry in files.items()
            if max(facts[path].st_mtime_ns, facts[path].st_ctime_ns) < began_ns - _FRESH_NS
        },
    )
    return Snapshot(repository.write_tree(files), files, left_out)


def _leave_out_largest(facts: dict[str, os.stat_result], left_out: dict[str, str], max_bytes: int) -> None:
    total = sum(found.st_size for found in facts.values())
    if total <= max_bytes:
        return
    for path in sorted(facts, key=lambda path: facts[path].st_size, reverse=True):
        total -= facts.pop(path).st_size
        left_out[path] = f"the project has more than {max_bytes / 2**20:,.0f} MB"
        if total <= max_bytes:
            return


def _mode(found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return LINK
    return RUNNABLE if found.st_mode & stat.S_IXUSR else PLAIN


def _key(found: os.stat_result) -> _Facts:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, stat.S_IFMT(found.st_mode)


def _stored_link(link: Path, repository: GitRepository) -> str | None:
    try:
        return repository.add_bytes(os.fsencode(link.readlink()))
    except OSError:
        return None


def _read_cache(file: Path) -> dict[str, tuple[_Facts, str]]:
    try:
        stored: dict[str, Any] = json.loads(file.read_text(encoding="ascii"))
        return {path: (tuple(key), blob) for path, (key, blob) in stored.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # there is none yet, or it is broken
        return {}


def _write_cache(file: Path, known: dict[str, tuple[_Facts, str]]) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(json.dumps(known), encoding="ascii")
    draft.replace(file)
