"""Results of `environment.health`: the doctor's checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.environment_health.schemas import EnvironmentHealthOutput
from vibe_jupyter.widgets.rendering.checks import checks_table, verdict
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.widgets.rendering.document import Block

__all__ = ["RENDERER"]


def _blocks(result: EnvironmentHealthOutput) -> Iterator[Block]:
    yield checks_table(result.checks)


RENDERER = Renderer(_blocks, summary=lambda result: verdict(result.checks), model=EnvironmentHealthOutput)
