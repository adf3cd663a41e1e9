"""Whose turn it is to write to a SQLite file: a lock beside it that all our processes share.

SQLite's own lock would do, but for two things. Releases up to 3.51.2 can damage a file in WAL mode when one connection
checkpoints while another one writes; a checkpoint is part of a commit, so under this lock that cannot meet. And who
waits for SQLite's lock sleeps up to 100 ms between two looks.
"""

from __future__ import annotations

import os

from vibe_jupyter.core.errors import Unavailable

__all__ = ["Turn"]

try:
    import fcntl
except ImportError:  # Windows: SQLite's own lock alone
    fcntl = None  # type: ignore[assignment]


class Turn:
    """The lock, for one connection that writes.

    Args:
        database: the database's file; the lock's is beside it.
    """

    def __init__(self, database: str) -> None:
        self._fd = os.open(f"{database}.lock", os.O_CREAT | os.O_RDWR, 0o600)

    def try_take(self) -> bool:
        """Take it if nobody has it.

        Raises:
            Unavailable: `database.io`, where files cannot be locked.
        """
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise Unavailable(
                f"files in the data directory cannot be locked: {error.strerror}",
                code="database.io",
                hint="set VIBE_DATA_DIR to a local disk (jupyter vibe doctor)",
            ) from error
        return True

    def give(self) -> None:
        """Let others have it."""
        if fcntl is not None:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the lock's file, which stays."""
        os.close(self._fd)
