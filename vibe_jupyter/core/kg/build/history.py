"""The part of a graph that comes from git: made anew when the commit or the set of files is another one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from vibe_jupyter.core.kg.history.git import (
    MAX_COMMITS,
    HistoryUnknown,
    head_of,
    read_commits,
    surroundings_of,
)
from vibe_jupyter.core.kg.model.history import history_block
from vibe_jupyter.core.kg.model.names import CODE
from vibe_jupyter.core.kg.model.ntriples import literal

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["History", "keep_history", "kept_history", "read_history"]

_NAME = "history.nt"


class History(NamedTuple):
    """The triples of a project's history, and what they were made of."""

    key: str
    block: str


def read_history(root: Path, base: str, paths: Collection[str], old: History) -> History:
    """Return the history of a project; the old one if it is still the same.

    Args:
        root: the project's folder.
        base: what the graph's IRIs start with.
        paths: of the files in the graph.
        old: of the generation before.
    """
    try:
        head = head_of(root)
        if head is None:
            return History("", "")
        files = hashlib.sha256("\0".join(sorted(paths)).encode("utf-8", "surrogateescape")).hexdigest()
        around = surroundings_of(root)
        key = f"{head}:{files}:{around.digest}"
        if key == old.key:
            return old
        commits = read_commits(root)
    except HistoryUnknown as error:
        reason = f"the history of git cannot be read: {error}"
        return History(reason, f"<{base}> <{CODE}problem> {literal(reason)} .\n")
    block = history_block(base, commits, frozenset(paths))
    if len(commits) == MAX_COMMITS:
        said = f"of the history of git the last {MAX_COMMITS:,} commits are read"
        block += f"<{base}> <{CODE}problem> {literal(said)} .\n"
    if around.is_shallow:
        said = "the repository is a shallow clone: its oldest commits stand for all that was before"
        block += f"<{base}> <{CODE}problem> {literal(said)} .\n"
    return History(key, block)


def kept_history(beside: Path, key: str) -> History:
    """Return the history that a generation has."""
    try:
        return History(key, (beside / _NAME).read_bytes().decode())
    except FileNotFoundError:
        return History("", "")


def keep_history(beside: Path, history: History) -> None:
    """Write the history beside a generation that is being made."""
    (beside / _NAME).write_bytes(history.block.encode())
