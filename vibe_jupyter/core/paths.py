"""Which files a task may touch: inside the allowed roots, whatever links and dots a path is made of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["checked_root", "real", "resolve"]

_LISTED = 2000  # names of a folder that are looked through for a similar one


def resolve(path: str, root: Path, allowed: Iterable[Path]) -> Path:
    """Return the real, existing path that `path` means, seen from `root`.

    Args:
        path: relative to `root`, or absolute; `~` is the home folder.
        root: absolute folder.
        allowed: folders that the result must lie in, with links resolved.

    Raises:
        Forbidden: `path.outside_root`. It is said of any path outside, existing or not.
        NotFound: `path.not_found`, with similar names as a hint.
        InvalidInput: `path.invalid`.
    """
    wanted = real(path, root)
    if not any(_is_inside(wanted, folder) for folder in allowed):
        raise _outside(path)
    try:
        is_there = wanted.exists()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise InvalidInput(f"{path!r} cannot be looked at: {error.strerror}", code="path.invalid") from error
    if not is_there:
        similar = _similar(wanted)
        shown = f"{len(similar)} similar: {', '.join(similar)}" if similar else f"looked in {wanted.parent}"
        raise NotFound(f"{path} does not exist", code="path.not_found", hint=shown, data={"similar": similar})
    return wanted


def real(path: str, root: Path = Path()) -> Path:
    """Return a path with its links resolved, whether it exists or not.

    Raises:
        InvalidInput: `path.invalid`.
    """
    if "\x00" in path:
        raise InvalidInput("a path cannot contain a null character", code="path.invalid")
    try:
        return (root / Path(path).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a user without home, ...
        raise InvalidInput(f"{path!r} is no usable path: {error}"[:300], code="path.invalid") from error


def checked_root(root: str, allowed: Iterable[Path]) -> Path:
    """Return the folder that a task's relative paths start from.

    Raises:
        InvalidInput: `path.invalid`, if it is relative or no folder.
        Forbidden: `path.outside_root`.
        NotFound: `path.not_found`.
    """
    if not Path(root).is_absolute():
        raise InvalidInput(
            f"root must be absolute, not {root!r}",
            code="path.invalid",
            hint="leave it out for the server's own root",
            errors=[{"loc": ["root"], "msg": "must be absolute"}],
        )
    folder = resolve(root, Path(root), allowed)
    if not folder.is_dir():
        raise InvalidInput(f"root {root!r} is no folder", code="path.invalid")
    return folder


def _is_inside(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _outside(path: str) -> Forbidden:
    return Forbidden(
        f"{path} is outside the folders that tasks may read",
        code="path.outside_root",
        hint=f"use a path below the server's root, or add its folder to VIBE_ALLOWED_ROOTS "
        f"(separated by {os.pathsep!r})",
    )


def _similar(wanted: Path) -> list[str]:
    """Return names beside the missing path that are like its last part."""
    try:
        with os.scandir(wanted.parent) as entries:
            names = [entry.name for _, entry in zip(range(_LISTED), entries, strict=False)]
    except OSError:
        return []
    return nearest(wanted.name, names)
