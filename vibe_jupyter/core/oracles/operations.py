"""The public operations of oracles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.operations import operation
from vibe_jupyter.core.oracles.schemas import CapabilityInfo, OracleInfo, OracleList

if TYPE_CHECKING:
    from vibe_jupyter.core.accounts.principal import Principal
    from vibe_jupyter.core.oracles.base import Capability
    from vibe_jupyter.core.platform import Platform

__all__ = ["OPERATIONS"]


@operation("oracles.list", "GET /oracles", verb="oracles", scope="oracles:read", inline=True, mcp=True)
async def list_oracles(platform: Platform, principal: Principal) -> OracleList:
    """List the oracles with what they can do and what input they take."""
    del principal
    return OracleList(
        oracles=[
            OracleInfo(
                id=target.id,
                title=target.title,
                capabilities=[_info(capability) for capability in target.capabilities.values()],
                idempotent=target.idempotent,
                unavailable=target.unavailable,
            )
            for target in platform.registry.targets.values()
            if target.type == "oracle"
        ],
        problems=platform.registry.problems,
    )


def _info(capability: Capability) -> CapabilityInfo:
    return CapabilityInfo(
        name=capability.name,
        task_type=capability.task_type,
        summary=capability.summary,
        text_field=capability.text_field,
        examples=list(capability.examples),
        input_schema=capability.input_schema,
        output_schema=capability.output.model_json_schema(mode="serialization"),
        table=capability.table,
    )


OPERATIONS = (list_oracles,)
