"""The public operations of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.accounts.schemas import Profile
from vibe_jupyter.core.operations import operation

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation("user.profile", "GET /user/profile", verb="profile", scope="profile:read", inline=True)
async def get_profile(platform: Platform, principal: Principal) -> Profile:
    """Show who you are here, and what you may do."""
    del platform
    return Profile(
        user_id=principal.user_id,
        name=principal.name or principal.user_id,
        via=principal.via,
        scopes=sorted(principal.scopes),
    )


OPERATIONS = (get_profile,)
