"""The public operations of secrets: none of them returns a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.operations import operation
from vibe_jupyter.core.secrets.schemas import SecretInfo, SecretList, SecretsQuery, SecretValue

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation("secrets.list", "GET /secrets", verb="secrets list", scope="secrets:read")
async def list_secrets(platform: Platform, principal: Principal, query: SecretsQuery) -> SecretList:
    """List which secrets you have, without their values."""
    return await platform.secrets.list(principal.user_id, query.project_id)


@operation(
    "secrets.set",
    "PUT /secrets/{name}",
    verb="secrets set",
    positional="name",
    scope="secrets:write",
    hidden=("value",),
)
async def set_secret(platform: Platform, principal: Principal, name: str, body: SecretValue) -> SecretInfo:
    """Store a secret encrypted, in the place of one that was there.

    Its name is upper-case, such as GITHUB_TOKEN. Nobody is told the value again: it is used by its name.
    """
    return await platform.secrets.set(principal.user_id, name, body)


@operation(
    "secrets.remove",
    "DELETE /secrets/{name}",
    verb="secrets remove",
    positional="name",
    scope="secrets:write",
)
async def remove_secret(
    platform: Platform, principal: Principal, name: str, query: SecretsQuery
) -> SecretInfo:
    """Delete a secret."""
    return await platform.secrets.remove(principal.user_id, name, query.project_id)


OPERATIONS = (list_secrets, set_secret, remove_secret)
