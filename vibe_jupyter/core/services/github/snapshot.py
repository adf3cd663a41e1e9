"""The files that a push puts on a branch, and git's ids for them: computed here, so that only what differs is sent."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vibe_jupyter.core.services.failures import ServiceConflict, ServiceInvalid

__all__ = ["MAX_FILE_BYTES", "FileContent", "LocalFile", "Snapshot", "measured"]

MAX_FILE_BYTES = 100 * 2**20
"""GitHub takes no larger file."""
_SHOWN = 5
_READ_ONLY = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)
"""A link is not followed, and a pipe not waited for."""


@dataclass(frozen=True)
class FileContent:
    """The content of one file of a snapshot, read when it is needed.

    Args:
        source: a file, or what returns the bytes; it may be called twice.
        executable: whether it may be run.
        link: whether it is a symbolic link: its content is where it points to.
    """

    source: Path | Callable[[], bytes]
    executable: bool = False
    link: bool = False

    @property
    def mode(self) -> str:
        """Return git's mode of the file."""
        if self.link:
            return "120000"
        return "100755" if self.executable else "100644"

    def read(self) -> bytes:
        """Return the bytes; a link that is in the place of a file is not followed.

        Raises:
            OSError: the file cannot be read.
        """
        if not isinstance(self.source, Path):
            return self.source()
        if self.link:
            return os.fsencode(self.source.readlink())
        with open(os.open(self.source, _READ_ONLY), "rb") as file:  # noqa: PTH123 - a descriptor, not a path
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            return file.read()


Snapshot = Mapping[str, FileContent]
"""The complete set of files by path: relative, with `/`."""


@dataclass(frozen=True)
class LocalFile:
    """A file of a snapshot with git's id of its content."""

    path: str
    content: FileContent
    sha: str
    size_bytes: int

    @property
    def mode(self) -> str:
        """Return git's mode of the file."""
        return self.content.mode

    def read(self) -> bytes:
        """Return the bytes that were measured.

        Raises:
            ServiceConflict: they are different ones by now.
            ServiceInvalid: they cannot be read any more.
        """
        data = _read(self.path, self.content)
        if _blob_id(data) != self.sha:
            raise ServiceConflict(
                f"{self.path} changed while it was being pushed",
                service="github", operation="push", hint="push again", data={"paths": [self.path]},
            )  # fmt: skip
        return data


def measured(snapshot: Snapshot) -> dict[str, LocalFile]:
    """Return the files of a snapshot with their ids; it reads every one of them, so call it on a thread.

    Raises:
        ServiceInvalid: a path, or a file, that GitHub would not take.
    """
    if not snapshot:
        raise _invalid("there is nothing to push", hint="the project has no file; make one first")
    for path in snapshot:
        _check_path(path)
    files = set(snapshot)
    for path in sorted(files):
        if both := next((parent for parent in _parents(path) if parent in files), None):
            raise _invalid(f"{both} is a file and the folder of {path}")
    _check_sizes({path: _size_before(content) for path, content in snapshot.items()})
    found = {}
    for path, content in snapshot.items():
        data = _read(path, content)
        found[path] = LocalFile(path, content, _blob_id(data), len(data))
    _check_sizes({path: file.size_bytes for path, file in found.items()})
    return found


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _read(path: str, content: FileContent) -> bytes:
    try:
        return content.read()
    except OSError as error:
        what = "is a link by now" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
        raise _invalid(f"{path} {what}", hint="see to it that it is there, and push again") from error


def _size_before(content: FileContent) -> int:
    """Return the size of a file without reading it; 0 if only reading tells."""
    if not isinstance(content.source, Path) or content.link:
        return 0
    try:
        return content.source.lstat().st_size
    except OSError:  # reading it says why
        return 0


def _check_sizes(sizes: dict[str, int]) -> None:
    large = sorted(path for path, size in sizes.items() if size > MAX_FILE_BYTES)
    if large:
        shown = ", ".join(f"{path} ({sizes[path] / 2**20:.0f} MB)" for path in large[:_SHOWN])
        raise _invalid(
            f"GitHub takes no file over {MAX_FILE_BYTES >> 20} MB: {shown}",
            hint="leave it out, e.g. by .gitignore, or keep it as a data set on Hugging Face",
            paths=large,
        )


def _check_path(path: str) -> None:
    parts = path.split("/")
    is_strange = not path or "\0" in path or any(part in ("", ".", "..") for part in parts)
    if is_strange or any(part.lower() == ".git" for part in parts):
        raise _invalid(f"{path!r} is no path of a file in a repository", paths=[path])
    try:
        path.encode()
    except UnicodeEncodeError:
        raise _invalid(f"the name of {path!r} is no Unicode text", hint="rename it", paths=[path]) from None


def _invalid(message: str, *, hint: str | None = None, paths: list[str] | None = None) -> ServiceInvalid:
    data = {"paths": [path.encode(errors="replace").decode() for path in paths]} if paths else None
    return ServiceInvalid(message, service="github", operation="push", hint=hint, data=data)
