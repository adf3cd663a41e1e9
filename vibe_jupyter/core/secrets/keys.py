"""The installation's keys: pass phrases of the settings, or a file beside the database that only its owner can read.

Of several the first one encrypts and all decrypt. Another process may put a new key first while this one runs: the
file is looked at before each use, and read again when it is another one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import VibeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.fernet import MultiFernet

    from vibe_jupyter.core.settings import Settings

__all__ = ["KEY_FILE", "KeyRing", "new_key", "wrong_key"]

KEY_FILE = "secret.key"
_SALT = b"vibe_jupyter.secrets"
_Mark = tuple[int, int, int]

try:
    import fcntl
except ImportError:  # Windows: nobody keeps two rotations apart
    fcntl = None  # type: ignore[assignment]


class KeyRing:
    """The keys in force. All methods block for as long as a look at a file takes; they may be called from any thread.

    Args:
        settings: their pass phrases go before the keys in the file, which is made only where there are none.
    """

    def __init__(self, settings: Settings) -> None:
        self.path = settings.data_dir / KEY_FILE
        self._phrases = settings.pass_phrases
        self._lock = threading.Lock()
        self._derived: list[bytes] | None = None
        self._mark: _Mark | None = None
        self._fernet: MultiFernet | None = None

    @property
    def is_configured(self) -> bool:
        """Return whether the settings hold the key that encrypts."""
        return bool(self._phrases)

    def current(self) -> MultiFernet:
        """Return what encrypts and decrypts.

        Raises:
            VibeError: `secrets.wrong_key`, if the file holds no keys; `secrets.no_key`, if there can be none.
        """
        with self._lock:
            mark = self._mark_of_file()
            if self._fernet is None or mark != self._mark:
                self._fernet = self._open()
                self._mark = mark  # of before: what changes meanwhile is read once more
            return self._fernet

    def keys_in_file(self) -> list[bytes]:
        """Return the keys in the file, the one that encrypts first; none if there is no file.

        Raises:
            VibeError: `secrets.wrong_key`, `secrets.no_key`.
        """
        with self._explained():
            return _parsed(self.path) if self.path.exists() else []

    def write(self, keys: Sequence[bytes]) -> None:
        """Put these keys in the place of the file's; nobody sees a part of them.

        Raises:
            VibeError: `secrets.no_key`.
        """
        with self._explained():
            mine = _written(self.path, keys)
            mine.replace(self.path)
            _sync(self.path.parent)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes of this machine from changing the keys meanwhile."""
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            with self._explained():
                if fcntl is not None:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        if self._derived is None:
            self._derived = [_derived(phrase) for phrase in self._phrases]
        with self._explained():
            if not self._derived:
                _make_unless_there(self.path)
            keys = [*self._derived, *(_parsed(self.path) if self.path.exists() else [])]
        return MultiFernet([Fernet(key) for key in keys])

    def _mark_of_file(self) -> _Mark | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise VibeError(
                f"the key of the secrets cannot be read or made: {error}",
                code="secrets.no_key",
                hint=f"see to it that {self.path.parent} is a folder of yours, or set VIBE_SECRET_KEYS",
            ) from error


def wrong_key(message: str) -> VibeError:
    """Return the error for what none of the keys opens."""
    return VibeError(
        message,
        code="secrets.wrong_key",
        hint=f"bring back {KEY_FILE} in the data directory or VIBE_SECRET_KEYS, or give the value again; "
        "machines that share a database need the same VIBE_SECRET_KEYS",
    )


def new_key() -> bytes:
    """Return a key that nobody has."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key()


def _derived(phrase: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.scrypt(phrase.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32))


def _parsed(path: Path) -> list[bytes]:
    """Return the keys in a file, one in a line."""
    from cryptography.fernet import Fernet

    keys = path.read_bytes().split()
    try:
        for key in keys:
            Fernet(key)
    except ValueError as error:
        raise wrong_key(f"{path} holds no key") from error
    if not keys:
        raise wrong_key(f"{path} holds no key")
    return keys


def _make_unless_there(path: Path) -> None:
    """Make the file with one key; of several processes at once one makes it."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    key = new_key()
    mine = _written(path, [key])
    try:
        with contextlib.suppress(FileExistsError):
            try:
                os.link(mine, path)  # fails if it is there, and nobody sees it half written
            except PermissionError:  # a file system without links
                path.touch(0o600, exist_ok=False)
                path.write_bytes(key)
    finally:
        mine.unlink()


def _written(path: Path, keys: Sequence[bytes]) -> Path:
    """Return a new file beside another one, of mode 0600 and on disk, with these keys."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(key + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _sync(folder: Path) -> None:
    """Put a folder's entries on disk, where that can be asked for."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
