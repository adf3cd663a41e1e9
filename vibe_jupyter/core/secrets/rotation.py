"""Give all secrets a new key, while servers run.

First the new key goes into the file, before the old ones: from then on everybody encrypts with it and decrypts with
all. Then every row is encrypted anew, in one transaction; it waits for those that encrypt with an old key just now.
At last the old keys leave the file. Whatever ends it in between, nothing is lost, and the next run goes on from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.secrets.keys import KeyRing, new_key
from vibe_jupyter.core.secrets.sealing import SecretBox
from vibe_jupyter.core.secrets.store import SecretStore

if TYPE_CHECKING:
    from vibe_jupyter.core.database.database import Database
    from vibe_jupyter.core.settings import Settings

__all__ = ["Rotation", "rotate"]


class Rotation(BaseModel):
    """What became of a change of keys."""

    renewed: int = Field(description="Secrets that are encrypted with the first key now, of all users.")
    unreadable: list[str] = Field(
        description="`user: name` of those that no key opens; they stay as they are."
    )
    key: str = Field(description="Where the key is that encrypts now.")
    dropped: int = Field(description="Old keys that the file does not hold any more.")
    next_step: str | None = Field(description="What is left to do by hand.")


def rotate(settings: Settings, database: Database) -> Rotation:
    """Encrypt every secret with the first key, after making one if the key is in a file; blocking.

    A file with several keys is a rotation that was begun, by hand or by a run that did not end: it goes on with the
    first one.

    Raises:
        VibeError: `secrets.wrong_key`, `secrets.no_key`, `database.*`; what was done until then holds.
    """
    ring = KeyRing(settings)
    with ring.alone():
        if not ring.is_configured:
            ring.current()  # so that there is a file
            keys = ring.keys_in_file()
            if len(keys) == 1:
                ring.write([new_key(), *keys])
        renewed, unreadable = _renew_all(SecretBox(ring), SecretStore(database))
        old = [] if ring.is_configured else ring.keys_in_file()[1:]
        if old:
            ring.write(ring.keys_in_file()[:1])
    return Rotation(
        renewed=renewed,
        unreadable=unreadable,
        key="VIBE_SECRET_KEYS" if ring.is_configured else str(ring.path),
        dropped=len(old),
        next_step=_next_step(ring),
    )


def _renew_all(box: SecretBox, store: SecretStore) -> tuple[int, list[str]]:
    renewed = 0

    def renew(user_id: str, name: str, ciphertext: str) -> str | None:
        nonlocal renewed
        try:
            value = box.open(user_id, name, ciphertext)
        except VibeError as error:
            if error.code not in ("secrets.wrong_key", "secrets.tampered"):
                raise
            return None
        renewed += 1
        return box.seal(user_id, name, value)

    left = store.renew(renew)
    return renewed, [f"{user_id}: {name}" for user_id, name in left]


def _next_step(ring: KeyRing) -> str | None:
    if not ring.is_configured:
        return None
    file = f", and delete {ring.path}" if ring.path.exists() else ""
    return f"once every server has the first pass phrase, leave the others out of VIBE_SECRET_KEYS{file}"
