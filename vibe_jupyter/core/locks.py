"""Locks on files: one writer of a graph, many readers of a generation. They end with the process that holds them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Lock"]

try:
    import fcntl
except ImportError:  # Windows: nothing is locked, so that one process may write and old generations stay
    fcntl = None  # type: ignore[assignment]


class Lock:
    """A lock on an open file.

    Args:
        path: the file.
        create: make it if it is not there.

    Raises:
        FileNotFoundError: it is not there.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)

    def try_take(self, *, shared: bool = False) -> bool:
        """Take it unless somebody has it, in a way that excludes us.

        Raises:
            Unavailable: `kg.io`, where files cannot be locked.
        """
        if fcntl is None:
            return shared or self._path.name == "writer.lock"
        try:
            fcntl.flock(self._fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Unavailable(
                f"files in {self._path.parent} cannot be locked: {error.strerror}",
                code="kg.io",
                hint="set VIBE_DATA_DIR to a local disk (jupyter vibe doctor)",
            ) from error
        return True

    @property
    def is_current(self) -> bool:
        """Whether the file is still the one that stands at its path."""
        try:
            return os.path.samestat(os.fstat(self._fd), self._path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Give the lock back."""
        os.close(self._fd)
