"""Files below a folder, touched without ever following a link: what is named is what is read, written or removed.

A path that was checked may lead elsewhere a moment later, where somebody else may write. So each folder on the way is
opened by its own name from the one above, and a link is refused there (openat(2) with O_NOFOLLOW).
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["RootedFolder"]

_FOLDER = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)
_READ = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_ALL_MAY_RUN = 0o111
_COPIED_AT_ONCE = 1 << 20


class RootedFolder:
    """A folder, and what lies in it by relative POSIX paths such as `src/app.py`.

    Args:
        root: the folder; links on the way to it are followed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str, *, at_most: int) -> bytes | None:
        """Return a regular file's bytes; None if it has more than so many.

        Raises:
            OSError: it cannot be read; a link or anything but a regular file is `ELOOP` or `EINVAL`.
        """
        with self._parent(path) as (folder, name):
            file = os.open(name, _READ, dir_fd=folder)
            with os.fdopen(file, "rb") as stream:
                if not stat.S_ISREG(os.fstat(file).st_mode):
                    raise OSError(errno.EINVAL, "it is no regular file", path)
                content = stream.read(at_most + 1)
        return content if len(content) <= at_most else None

    def write(self, path: str, content: bytes, *, executable: bool | None = None) -> None:
        """Put a regular file there at once, whole or not at all; missing folders are made.

        Args:
            path: a file or link that is there is replaced.
            content: its bytes.
            executable: whether it can be run; None to leave that as it is.

        Raises:
            OSError: it cannot be written.
        """
        with self._parent(path, make=True) as (folder, name):
            mode = _mode_of(folder, name)
            if executable is not None or mode is None:
                base = 0o666 & ~_umask() if mode is None else mode & ~_ALL_MAY_RUN
                may_run = (base & 0o444) >> 2 if executable else 0
                mode = base | may_run
            draft = f".{secrets.token_hex(8)}.vibe-draft"
            file = os.open(draft, _NEW, 0o600, dir_fd=folder)
            try:
                with os.fdopen(file, "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fchmod(file, mode)
                    os.fsync(file)
                os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(draft, dir_fd=folder)
                raise

    def link(self, path: str, target: bytes) -> None:
        """Put a symbolic link there, whatever it leads to; a file or link that is there is replaced."""
        with self._parent(path, make=True) as (folder, name):
            draft = f".{secrets.token_hex(8)}.vibe-draft"
            os.symlink(target, os.fsencode(draft), dir_fd=folder)
            os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)

    def remove(self, path: str) -> bool:
        """Remove a file or link, and the folders that are empty then; false if it was not there.

        Raises:
            OSError: it cannot be removed, or it is a folder.
        """
        try:
            with self._parent(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            if error.errno == errno.ELOOP:  # a folder on the way is a link now: what is behind it is not ours
                return False
            raise
        above = path.rpartition("/")[0]
        while above and self._remove_folder(above):
            above = above.rpartition("/")[0]
        return True

    def make_way(self, path: str) -> None:
        """Remove what stands where a folder on the way to `path` must be: a file or a link.

        Also the folder that stands where `path` itself shall be, if it is empty.
        """
        parts = path.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            with self._parent(above, make=True) as (folder, name):
                mode = _mode_of(folder, name, kind=True)
                if mode is not None and not stat.S_ISDIR(mode):
                    os.unlink(name, dir_fd=folder)
        self._remove_folder(path)

    def _remove_folder(self, path: str) -> bool:
        try:
            with self._parent(path) as (folder, name):
                os.rmdir(name, dir_fd=folder)
        except OSError:  # not empty, not there, not a folder
            return False
        return True

    @contextlib.contextmanager
    def _parent(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the folder that `path` is in, opened, and its last part."""
        *above, name = path.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in (*above, name)):
            raise Forbidden(f"{path!r} is no path inside a project", code="path.outside_root")
        folder = os.open(self._root, _FOLDER & ~getattr(os, "O_NOFOLLOW", 0))
        try:
            for part in above:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=folder)
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder, name
        finally:
            os.close(folder)


def _mode_of(folder: int, name: str, *, kind: bool = False) -> int | None:
    """Return the permissions of a regular file, or with `kind` the whole mode of anything; None if it is not there."""
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return None
    if kind:
        return mode
    return stat.S_IMODE(mode) if stat.S_ISREG(mode) else None


def _umask() -> int:
    """Return the mask of this process; reading it means setting it for a moment, so that is done once."""
    global _known_umask
    if _known_umask is None:
        _known_umask = os.umask(0o077)
        os.umask(_known_umask)
    return _known_umask


_known_umask: int | None = None
