"""Tokens that are there anyway: in the environment, in `huggingface_hub`'s own file, in a keyring.

They are the single user's own. Where there are several users, they belong to nobody.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.secrets.schemas import SecretSource

__all__ = ["VARIABLES", "Ambient", "tokens_in"]

VARIABLES: dict[str, tuple[str, ...]] = {
    "GITHUB_TOKEN": ("GITHUB_TOKEN", "GH_TOKEN"),
    "HF_TOKEN": ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
    "OPENAI_API_KEY": ("OPENAI_API_KEY",),
}
"""By the name of a secret the environment variables that other programs take it from, the first one first."""
_KEYRING_SERVICE = "vibe_jupyter"

log = get_logger("secrets")


def tokens_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the tokens that an environment has, by the names of the secrets that they are.

    >>> tokens_in({"GH_TOKEN": "t", "HOME": "/me"})
    {'GITHUB_TOKEN': 't'}
    """
    return {
        name: found
        for name, variables in VARIABLES.items()
        if (found := next((value for one in variables if (value := environment.get(one, "").strip())), ""))
    }


class Ambient:
    """What is there without having been given to us.

    Args:
        tokens: those of the environment, by secret; default: of this process as it is now. A process that is started
            with less gets them from the one that starts it.
        multi_user: whether there are several users, of whom nobody may have any of it.
    """

    def __init__(self, tokens: Mapping[str, str] | None = None, *, multi_user: bool) -> None:
        self._tokens = {} if multi_user else dict(tokens_in(os.environ) if tokens is None else tokens)
        self._multi_user = multi_user

    @property
    def tokens(self) -> dict[str, str]:
        """Return what the environment has, in clear: for a process of ours, never to be shown."""
        return dict(self._tokens)

    async def find(self, name: str) -> tuple[str, SecretSource] | None:
        """Return a token and where it is from; None if there is none."""
        if self._multi_user:
            return None
        if (token := self._tokens.get(name)) is not None:
            return token, "environment"
        if name == "HF_TOKEN" and (token := await asyncio.to_thread(_of_huggingface_hub)):
            return token, "huggingface_hub"
        if token := await asyncio.to_thread(_of_keyring, name):
            return token, "keyring"
        return None


def _of_huggingface_hub() -> str | None:
    """Return the token that `hf auth login` has stored."""
    from huggingface_hub import get_token

    return get_token()


def _of_keyring(name: str) -> str | None:
    """Return what the person's keyring has for us, if there is one; a machine without a desktop has none."""
    if importlib.util.find_spec("keyring") is None:
        return None
    keyring: Any = importlib.import_module("keyring")
    errors: Any = importlib.import_module("keyring.errors")
    try:
        found: str | None = keyring.get_password(_KEYRING_SERVICE, name)
    except errors.NoKeyringError:
        return None
    except errors.KeyringError as error:  # locked, or the person said no
        log.warning("the keyring does not answer", reason=str(error))
        return None
    return found or None
