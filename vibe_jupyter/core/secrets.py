"""Secret values, encrypted in the database; everything else refers to them by name.

The key is `VIBE_SECRET_KEY`, or else a file beside the database that only its owner can read. Whoever has the database
alone has no secret.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from vibe_jupyter.core.database.models import Secret, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import NotFound, VibeError
from vibe_jupyter.core.ids import now

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cryptography.fernet import Fernet

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection
    from vibe_jupyter.core.settings import Settings

__all__ = ["SealedSecrets", "SecretBox", "SecretStore"]

_KEY_FILE = "secret.key"
_SECRETS = table_of(Secret)
_OF_USER = _SECRETS.c.user_id == sa.bindparam("of_user")
_NAMED = _SECRETS.c.name == sa.bindparam("named")
_GET = Statement(sa.select(_SECRETS.c.ciphertext).where(_OF_USER, _NAMED))
_NAMES = Statement(sa.select(_SECRETS.c.name).where(_OF_USER))
_DELETE = Statement(sa.delete(_SECRETS).where(_OF_USER, _NAMED))
_INSERT = Statement(sa.insert(_SECRETS))


@dataclass(frozen=True)
class SealedSecrets:
    """The secrets of one configuration, to be stored in the transaction that stores the configuration itself.

    Args:
        prefix: what the names of all its secrets begin with.
        new: encrypted values by name; they take the place of those that were there.
        used: names that it refers to, new ones or not. All others with the prefix are deleted.
    """

    prefix: str
    new: Mapping[str, str] = field(repr=False)
    used: frozenset[str]

    def store(self, c: Connection, user_id: str) -> None:
        """Bring the table up to date."""
        for (name,) in c.all(_NAMES, of_user=user_id):
            if name.startswith(self.prefix) and (name in self.new or name not in self.used):
                c.run(_DELETE, of_user=user_id, named=name)
        for name, ciphertext in self.new.items():
            c.run(_INSERT, user_id=user_id, name=name, ciphertext=ciphertext, created_at=now())


class SecretBox:
    """Encrypts and decrypts with the installation's key."""

    def __init__(self, fernet: Fernet) -> None:
        self._fernet = fernet

    def seal(self, prefix: str, values: Mapping[str, str], used: Collection[str] = ()) -> SealedSecrets:
        """Return the secrets of a configuration, encrypted."""
        new = {name: self._fernet.encrypt(value.encode()).decode() for name, value in values.items()}
        return SealedSecrets(prefix, new, frozenset(used) | frozenset(new))

    def value(self, name: str, ciphertext: str) -> str:
        """Return a value in clear.

        Raises:
            VibeError: `secrets.wrong_key`, if it was encrypted with another key.
        """
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(ciphertext.encode()).decode()
        except InvalidToken as error:
            raise _wrong_key(f"the secret {name} was encrypted with another key") from error


class SecretStore:
    """Secrets of all users by name. Values are never logged and stand in no `repr`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings
        self._box: SecretBox | None = None

    async def box(self) -> SecretBox:
        """Return what encrypts; the key is found or made at the first call, on a thread.

        Raises:
            VibeError: `secrets.wrong_key`, `secrets.no_key`.
        """
        if self._box is None:
            self._box = await asyncio.to_thread(_open_box, self._settings)
        return self._box

    async def put(self, user_id: str, name: str, value: str) -> None:
        """Store a value, in the place of one that was there."""
        sealed = (await self.box()).seal(name, {name: value})

        def unit(c: Connection) -> None:
            c.run(_DELETE, of_user=user_id, named=name)
            c.run(
                _INSERT, user_id=user_id, name=name, ciphertext=sealed.new[name], created_at=now()
            )  # not `store`: other names may begin with this one

        await self._db.write(unit)

    async def get(self, user_id: str, name: str) -> str:
        """Return a value.

        Raises:
            NotFound: `secrets.not_found`.
            VibeError: `secrets.wrong_key`, if it was encrypted with another key.
        """
        return (await self.values(user_id, [name]))[name]

    async def values(self, user_id: str, names: Collection[str]) -> dict[str, str]:
        """Return several values by name.

        Raises:
            NotFound: `secrets.not_found`.
            VibeError: `secrets.wrong_key`, if one was encrypted with another key.
        """
        if not names:
            return {}
        box = await self.box()
        found = await self._db.read(
            lambda c: {name: c.scalar(_GET, of_user=user_id, named=name) for name in names}
        )
        for name, ciphertext in found.items():
            if ciphertext is None:
                raise NotFound(
                    f"there is no secret {name}", code="secrets.not_found", hint="give its value again"
                )
        return {name: box.value(name, str(ciphertext)) for name, ciphertext in found.items()}

    async def delete(self, user_id: str, prefix: str) -> None:
        """Delete all whose names begin so."""
        await self._db.write(lambda c: SealedSecrets(prefix, {}, frozenset()).store(c, user_id))


def _open_box(settings: Settings) -> SecretBox:
    from cryptography.fernet import Fernet

    if settings.secret_key is not None:
        text = settings.secret_key.get_secret_value()
        key = base64.urlsafe_b64encode(
            hashlib.scrypt(text.encode(), salt=b"vibe_jupyter.secrets", n=2**14, r=8, p=1, dklen=32)
        )
        return SecretBox(Fernet(key))
    path = settings.data_dir / _KEY_FILE
    try:
        return SecretBox(Fernet(_key_in(path)))
    except ValueError as error:
        raise _wrong_key(f"{path} holds no key") from error
    except OSError as error:
        raise VibeError(
            f"the key of the secrets cannot be read or made: {error}",
            code="secrets.no_key",
            hint=f"see to it that {path.parent} is a folder of yours, or set VIBE_SECRET_KEY",
        ) from error


def _key_in(path: Path) -> bytes:
    """Return the key in a file, which is made unless it is there; of several processes at once one makes it."""
    from cryptography.fernet import Fernet

    if path.exists():
        return path.read_bytes().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{_KEY_FILE}.", dir=path.parent)  # with mode 0600
    mine = Path(name)
    key = Fernet.generate_key()
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            try:
                os.link(mine, path)  # fails if it is there, and nobody sees it half written
            except PermissionError:  # a file system without links
                path.touch(0o600, exist_ok=False)
                path.write_bytes(key)
    finally:
        mine.unlink()
    return path.read_bytes().strip()


def _wrong_key(message: str) -> VibeError:
    return VibeError(
        message,
        code="secrets.wrong_key",
        hint=f"bring back {_KEY_FILE} in the data directory or VIBE_SECRET_KEY, or give the value again; "
        "machines that share a database need one VIBE_SECRET_KEY",
    )
