"""All operations of the platform: each slice's tuple, in the open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.accounts.operations import OPERATIONS as ACCOUNTS
from vibe_jupyter.core.kg.operations import OPERATIONS as KG
from vibe_jupyter.core.mcp.operations import OPERATIONS as MCPS
from vibe_jupyter.core.oracles.operations import OPERATIONS as ORACLES
from vibe_jupyter.core.payloads.operations import OPERATIONS as PAYLOADS
from vibe_jupyter.core.projects.operations import OPERATIONS as PROJECTS
from vibe_jupyter.core.questions.operations import OPERATIONS as QUESTIONS
from vibe_jupyter.core.secrets.operations import OPERATIONS as SECRETS
from vibe_jupyter.core.status.operations import OPERATIONS as STATUS
from vibe_jupyter.core.tasks.operations import OPERATIONS as TASKS

if TYPE_CHECKING:
    from vibe_jupyter.core.operations import Operation

__all__ = ["OPERATIONS"]

OPERATIONS: tuple[Operation, ...] = (
    *TASKS,
    *PROJECTS,
    *QUESTIONS,
    *PAYLOADS,
    *ORACLES,
    *MCPS,
    *KG,
    *ACCOUNTS,
    *SECRETS,
    *STATUS,
)
