"""Files of this machine as the hub compares them: by git's blob id, or by the SHA-256 of a large file.

A file is read in pieces, in a thread, and twice at most: once to compare, once to send.
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vibe_jupyter.core.errors import Conflict, InvalidInput, NotFound
from vibe_jupyter.core.services.huggingface.names import check_files, checked_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.services.huggingface.schemas import RepoKind

__all__ = ["LocalFile", "changed_meanwhile", "checked_sources", "measured"]

_PIECE_BYTES = 1 << 20
_SAMPLE_BYTES = 512

Source = Path | bytes


@dataclass(frozen=True)
class LocalFile:
    """One file to be uploaded.

    Args:
        path: in the repository.
        source: where its content is, or the content itself.
        size: in bytes.
        git_oid: its id as a git blob, hexadecimal.
        sha256: hexadecimal.
        sample: its first 512 bytes; by them the hub tells text from what is not.
    """

    path: str
    source: Source
    size: int
    git_oid: str
    sha256: str
    sample: bytes

    def open(self) -> IO[bytes]:
        """Open the content."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source.open("rb")

    @property
    def encoded_sample(self) -> str:
        """Return the sample as the hub wants it."""
        return base64.b64encode(self.sample).decode()


def checked_sources(files: Mapping[str, Source], kind: RepoKind, operation: str) -> dict[str, int]:
    """Return the size of each file in bytes, after a look at names and sizes; nothing is read yet.

    Raises:
        ServiceInvalid: a path or size that the hub does not take.
        NotFound: `path.not_found`.
        InvalidInput: `path.not_a_file`.
    """
    sizes = {checked_path(path, operation): _size(path, source) for path, source in files.items()}
    check_files(sizes, kind, operation)
    return sizes


def measured(files: Mapping[str, Source]) -> dict[str, LocalFile]:
    """Read files and return what the hub compares; blocks.

    Raises:
        NotFound: `path.not_found`, if one has gone meanwhile.
    """
    return {path: _measured(path, source) for path, source in files.items()}


def _measured(path: str, source: Source) -> LocalFile:
    size = _size(path, source)
    blob, content, sample = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False), hashlib.sha256(), b""
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                sample = sample or piece[:_SAMPLE_BYTES]
                blob.update(piece)
                content.update(piece)
    except FileNotFoundError as error:
        raise _gone(path) from error
    return LocalFile(path, source, size, blob.hexdigest(), content.hexdigest(), sample)


def changed_meanwhile(file: LocalFile) -> Conflict:
    """Return the error for a file that is not any more what was compared."""
    return Conflict(
        f"{file.path} was changed while it was uploaded",
        code="path.changed",
        hint="try again when it is written",
    )


def _size(path: str, source: Source) -> int:
    if isinstance(source, bytes):
        return len(source)
    try:
        size = source.stat().st_size
    except FileNotFoundError as error:
        raise _gone(path) from error
    if not source.is_file():
        raise InvalidInput(
            f"{path} is no regular file",
            code="path.not_a_file",
            hint="name the files one by one; folders come of themselves",
        )
    return size


def _gone(path: str) -> NotFound:
    return NotFound(f"{path} is not there any more", code="path.not_found", hint="list the files again")
