"""Values become ciphertext, bound to their owner and name, and values again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.secrets.keys import wrong_key
from vibe_jupyter.core.secrets.store import bring_up_to_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.database.statements import Connection
    from vibe_jupyter.core.secrets.keys import KeyRing

__all__ = ["ConfigSecrets", "SecretBox"]

_BOUND = b"\x00"
"""What encrypted JSON begins with; what was stored before is the value alone, which never begins so."""


class SecretBox:
    """Encrypts and decrypts with the installation's keys.

    Fernet binds a ciphertext to nothing. So whose it is and what it is called are encrypted with the value, and
    compared when it is read: a row that somebody has moved does not open.
    """

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys

    def seal(self, user_id: str, name: str, value: str) -> str:
        """Return the ciphertext of a value."""
        plain = json.dumps({"user": user_id, "name": name, "value": value})
        return self.keys.current().encrypt(_BOUND + plain.encode()).decode()

    def open(self, user_id: str, name: str, ciphertext: str) -> str:
        """Return a value in clear.

        Raises:
            VibeError: `secrets.wrong_key`, if it was encrypted with another key; `secrets.tampered`, if it was stored
                for somebody else or under another name.
        """
        from cryptography.fernet import InvalidToken

        try:
            plain = self.keys.current().decrypt(ciphertext.encode())
        except InvalidToken as error:
            raise wrong_key(f"the secret {name} was encrypted with another key") from error
        if not plain.startswith(_BOUND):
            return plain.decode()
        bound = json.loads(plain.removeprefix(_BOUND))
        if (bound["user"], bound["name"]) != (user_id, name):
            raise VibeError(
                f"the secret {name} was not stored there: its row has been moved or copied",
                code="secrets.tampered",
                hint="find out who has changed the database, and give the value again",
            )
        value: str = bound["value"]
        return value


@dataclass(frozen=True)
class ConfigSecrets:
    """The secrets of one configuration, to be stored in the transaction that stores the configuration itself.

    Args:
        prefix: what the names of all its secrets begin with.
        new: values by name; they take the place of those that were there.
        used: names that it refers to, new ones or not. All others with the prefix are deleted.
        box: encrypts the new ones; None if there are none.
    """

    prefix: str
    new: Mapping[str, str] = field(default_factory=dict, repr=False)
    used: frozenset[str] = frozenset()
    box: SecretBox | None = field(default=None, repr=False)

    def store(self, c: Connection, user_id: str) -> None:
        """Bring the table up to date."""
        box, new = self.box, self.new
        assert box is not None or not new, "what is new needs to be encrypted"
        bring_up_to_date(
            c,
            user_id,
            self.prefix,
            kept=self.used - frozenset(new),
            new=new,
            seal=lambda name: box.seal(user_id, name, new[name]) if box else "",
        )
