"""The public operations about the platform itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from vibe_jupyter import __version__
from vibe_jupyter.core.operations import operation
from vibe_jupyter.core.status.schemas import API_LEVEL, Health, Status

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]

_SCARCE_MB = 50


@operation("platform.health", "GET /health", verb="health", scope=None, inline=True)
async def get_health(platform: Platform, principal: Principal | None) -> Health:
    """Say that the platform is up, with its version and API level."""
    del platform, principal
    return Health(version=__version__, api_level=API_LEVEL)


@operation("platform.status", "GET /status", verb="status", scope="platform:read", inline=True)
async def get_status(platform: Platform, principal: Principal) -> Status:
    """Show where the platform runs and what it has to do for you."""
    servers, found = await platform.mcp.counts(principal) if "mcps:read" in principal.scopes else (0, [])
    return Status(
        version=__version__,
        api_level=API_LEVEL,
        mode=platform.mode,
        user_id=principal.user_id,
        root=str(platform.root),
        data_dir=str(platform.settings.data_dir),
        database=platform.database.dialect,
        oracles=sum(target.type == "oracle" for target in platform.registry.targets.values()),
        mcp_servers=servers,
        mcp_found=found,
        tasks=await platform.task_store.counts(principal.user_id),
        problems=[
            *([f"tasks wait: {platform.execution.problem}"] if platform.execution.problem else []),
            *_about_the_disk(platform.settings.data_dir),
            *(f"oracle {name}: {why}" for name, why in platform.registry.problems.items()),
            *(
                ["VIBE_MULTI_USER has no effect yet: there is one owner"]
                if platform.settings.multi_user
                else []
            ),
        ],
    )


def _about_the_disk(folder: Path) -> list[str]:
    try:
        free_mb = shutil.disk_usage(folder).free / 1e6
    except OSError:  # it is not there: the database is elsewhere
        return []
    if free_mb >= _SCARCE_MB:
        return []
    return [f"the disk with {folder} has only {free_mb:.0f} MB free: new tasks may be refused"]


OPERATIONS = (get_health, get_status)
