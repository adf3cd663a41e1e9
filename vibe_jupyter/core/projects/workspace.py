"""The files of a project as its API sees them: inside its folder, whatever links and dots a path is made of."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vibe_jupyter.core import paths
from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound, TooLarge, VibeError
from vibe_jupyter.core.oracles.project_files import project_files
from vibe_jupyter.core.projects.rooted import RootedFolder
from vibe_jupyter.core.projects.schemas import FileEntry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MAX_FILE_BYTES", "Workspace", "printable"]

MAX_FILE_BYTES = 64 * 2**20
_NOT_OURS = ".git"


class Workspace:
    """A project's folder. All methods block: call them on a thread.

    Args:
        root: the folder, with links resolved.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = RootedFolder(root)

    def files(
        self, under: str = ".", *, ignored: bool = False, limit: int = 1000
    ) -> tuple[list[FileEntry], bool]:
        """Return the project's files by path, and whether there are more.

        Raises:
            NotFound, Forbidden, InvalidInput: about `under`.
        """
        folder = paths.resolve(under, self._root, [self._root])
        if not folder.is_dir():
            raise InvalidInput(f"{under} is no folder", code="path.invalid", hint="read it as a file")
        inside = "" if folder == self._root else f"{folder.relative_to(self._root).as_posix()}/"
        found = project_files(folder, project=self._root, ignored=ignored)
        entries = list(itertools.islice(self._entries(inside, found), limit + 1))
        return entries[:limit], len(entries) > limit

    def check(self, path: str) -> None:
        """Refuse a path that `write` and `remove` would refuse.

        Raises:
            Forbidden, InvalidInput: about the path.
        """
        self._inside(path)

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            NotFound, Forbidden, InvalidInput: about the path.
            TooLarge: `file.too_large`.
        """
        inside = self._inside(path)
        try:
            content = self._folder.read(inside, at_most=MAX_FILE_BYTES)
        except FileNotFoundError:
            paths.resolve(path, self._root, [self._root])  # says so, with similar names
            raise _cannot(path, "read", "it went away") from None
        except OSError as error:
            raise _cannot(path, "read", error.strerror) from error
        if content is None:
            raise TooLarge(
                f"{path} has more than {MAX_FILE_BYTES / 2**20:.0f} MB",
                code="file.too_large",
                hint="read it from its path",
            )
        return content

    def write(self, path: str, content: bytes, *, executable: bool | None = None) -> None:
        """Put a file there at once, whole or not at all.

        Raises:
            Forbidden, InvalidInput: about the path.
            VibeError: `file.cannot_write`.
        """
        inside = self._inside(path)
        try:
            self._folder.write(inside, content, executable=executable)
        except OSError as error:
            raise _cannot(path, "write", error.strerror) from error

    def remove(self, path: str) -> None:
        """Remove a file, or a link that leads to one in the project.

        Raises:
            NotFound, Forbidden, InvalidInput: about the path.
            VibeError: `file.cannot_write`.
        """
        inside = self._inside(path)
        try:
            found = self._folder.remove(inside)
        except OSError as error:
            raise _cannot(path, "write", error.strerror) from error
        if not found:
            paths.resolve(path, self._root, [self._root])
            raise NotFound(f"{path} does not exist", code="path.not_found")

    def _entries(self, inside: str, found: Iterator[str]) -> Iterator[FileEntry]:
        for path in found:
            try:
                facts = (self._root / inside / path).stat(follow_symlinks=False)
            except OSError:  # it went away
                continue
            yield FileEntry(
                path=printable(inside + path),
                size_bytes=facts.st_size,
                modified_at=datetime.fromtimestamp(facts.st_mtime, UTC),
            )

    def _inside(self, path: str) -> str:
        """Return where a path leads to, links resolved, relative to the folder.

        Raises:
            Forbidden: `path.outside_root`, `path.not_yours`.
            InvalidInput: `path.invalid`.
        """
        if not path.strip() or path.endswith(("/", "\\")):
            raise InvalidInput(f"{path!r} names no file", code="path.invalid")
        wanted = paths.real(path, self._root)
        if self._root not in wanted.parents:
            raise Forbidden(
                f"{path} is outside the project",
                code="path.outside_root",
                hint="give a path relative to the project's folder",
            )
        inside = wanted.relative_to(self._root)
        if any(part.lower() == _NOT_OURS for part in inside.parts):
            raise Forbidden(
                f"{path} is git's own",
                code="path.not_yours",
                hint="what lies in .git is changed by git alone",
            )
        return inside.as_posix()


def printable(path: str) -> str:
    """Return a path as text that can be sent: bytes of its name that are no UTF-8 are spelled out."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _cannot(path: str, what: str, why: str | None) -> VibeError:
    error = VibeError(
        f"{path} cannot be {'read' if what == 'read' else 'written'}: {why}",
        code="file.cannot_read" if what == "read" else "file.cannot_write",
        hint="is it a regular file, and may this server's user do that?",
    )
    error.status = 409
    return error
