"""Who is asking? The Jupyter token or cookie is the stable local owner.

A header credential is looked at here alone and never handed to Jupyter's identity provider, which would make up a
random user and sign a month-long cookie for each request. Further kinds of credential (signed tokens of API users,
the users of a hub) have their place in `from_header` and `from_user`.
"""

from __future__ import annotations

import dataclasses
import hmac
from typing import TYPE_CHECKING

from vibe_jupyter.core.accounts.principal import OWNER

if TYPE_CHECKING:
    from jupyter_server.auth import IdentityProvider, User

    from vibe_jupyter.core.accounts.principal import Principal

__all__ = ["JUPYTER_OWNER", "from_header", "from_user", "header_credential", "judges_tokens"]

JUPYTER_OWNER = dataclasses.replace(OWNER, via="jupyter")


def header_credential(authorization: str) -> str | None:
    """Return the credential of an `Authorization: token ...` or `Bearer ...` header; None if there is none.

    It may be empty: whoever sends one means to be judged by it and not by a cookie.
    """
    scheme, *rest = authorization.split(None, 1) or [""]
    return "".join(rest).strip() if scheme.lower() in ("token", "bearer") else None


def judges_tokens(provider: IdentityProvider) -> bool:
    """Return whether `from_header` decides: not where nobody has to sign in, nor where a hub knows its users."""
    return provider.auth_enabled and type(provider).__module__.startswith("jupyter_server.")


def from_header(credential: str, jupyter_token: str) -> Principal | None:
    """Return whom a credential stands for; None if it is not valid."""
    if jupyter_token and hmac.compare_digest(credential.encode(), jupyter_token.encode()):
        return JUPYTER_OWNER
    return None


def from_user(user: User) -> Principal:
    """Return whom a user that Jupyter has signed in (by cookie or password) is to us."""
    del user  # one owner, whatever random name the provider gives a token's bearer
    return JUPYTER_OWNER
