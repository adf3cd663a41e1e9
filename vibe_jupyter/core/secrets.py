"""Secret values, encrypted in the database; everything else refers to them by name.

The key is `VIBE_SECRET_KEY`, or else a file beside the database that only its owner can read. Whoever has the database
alone has no secret.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

import sqlalchemy as sa

from vibe_jupyter.core.database.models import Secret, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import NotFound, VibeError
from vibe_jupyter.core.ids import now

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.fernet import Fernet

    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.database.statements import Connection
    from vibe_jupyter.core.settings import Settings

__all__ = ["SecretStore"]

_KEY_FILE = "secret.key"
_SECRETS = table_of(Secret)
_OF_USER = _SECRETS.c.user_id == sa.bindparam("of_user")
_NAMED = _SECRETS.c.name == sa.bindparam("named")
_GET = Statement(sa.select(_SECRETS.c.ciphertext).where(_OF_USER, _NAMED))
_NAMES = Statement(sa.select(_SECRETS.c.name).where(_OF_USER))
_DELETE = Statement(sa.delete(_SECRETS).where(_OF_USER, _NAMED))
_INSERT = Statement(sa.insert(_SECRETS))


class SecretStore:
    """Secrets of all users by name. Values are never logged and stand in no `repr`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._db = database
        self._settings = settings
        self._fernet: Fernet | None = None

    async def put(self, user_id: str, values: dict[str, str]) -> None:
        """Store values by name, in the place of those that were there."""
        sealed = {name: self._box().encrypt(value.encode()).decode() for name, value in values.items()}

        def unit(c: Connection) -> None:
            for name, ciphertext in sealed.items():
                c.run(_DELETE, of_user=user_id, named=name)
                c.run(_INSERT, user_id=user_id, name=name, ciphertext=ciphertext, created_at=now())

        if sealed:
            await self._db.write(unit)

    async def get(self, user_id: str, name: str) -> str:
        """Return a value.

        Raises:
            NotFound: `secrets.not_found`.
            VibeError: `secrets.wrong_key`, if it was encrypted with another key.
        """
        from cryptography.fernet import InvalidToken

        ciphertext = await self._db.read(lambda c: c.scalar(_GET, of_user=user_id, named=name))
        if ciphertext is None:
            raise NotFound(
                f"there is no secret {name}", code="secrets.not_found", hint="give its value again"
            )
        try:
            return self._box().decrypt(str(ciphertext).encode()).decode()
        except InvalidToken as error:
            raise VibeError(
                f"the secret {name} was encrypted with another key",
                code="secrets.wrong_key",
                hint=f"bring back {_KEY_FILE} in the data directory or VIBE_SECRET_KEY, or give the value again",
            ) from error

    async def keep_only(self, user_id: str, prefix: str, names: set[str]) -> None:
        """Delete what begins with `prefix` and is none of `names`."""

        def unit(c: Connection) -> None:
            for (name,) in c.all(_NAMES, of_user=user_id):
                if name.startswith(prefix) and name not in names:
                    c.run(_DELETE, of_user=user_id, named=name)

        await self._db.write(unit)

    def _box(self) -> Fernet:
        from cryptography.fernet import Fernet

        if self._fernet is None:
            self._fernet = Fernet(self._key())
        return self._fernet

    def _key(self) -> bytes:
        given = self._settings.secret_key
        if given is not None:
            text = given.get_secret_value()
            return base64.urlsafe_b64encode(
                hashlib.scrypt(text.encode(), salt=b"vibe_jupyter.secrets", n=2**14, r=8, p=1, dklen=32)
            )
        path = self._settings.data_dir / _KEY_FILE
        return path.read_bytes().strip() if path.exists() else _new_key(path)


def _new_key(path: Path) -> bytes:
    """Make the key file, unless another process has made it at the same time."""
    from cryptography.fernet import Fernet

    key = Fernet.generate_key()
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(key)
    try:
        os.link(mine, path)  # fails if it is there; never half written
    except FileExistsError:
        return path.read_bytes().strip()
    finally:
        mine.unlink()
    return key
