"""Results of `kg.ask`, `kg.callers`, ...: answers to questions about a project, by task type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.question_oracle import KgQuestions
from vibe_jupyter.core.kg.question_schemas import KgAnswer
from vibe_jupyter.widgets.rendering import graph_questions
from vibe_jupyter.widgets.rendering.document import Block, Line, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RENDERERS"]


def _answer(found: KgAnswer) -> Iterator[Block]:
    about = " ".join(found.about.values())
    yield Line(Text("understood as ", "muted"), Text(f"kg {found.asked} {about}".rstrip(), "code", limit=300))
    renderer = RENDERERS[f"kg_{found.asked}"]
    assert renderer.model is not None
    yield from renderer.blocks(renderer.model.model_validate(found.answer))


RENDERERS = {
    capability.task_type: replace(graph_questions.RENDERERS[capability.output], model=capability.output)
    for capability in KgQuestions.capabilities
    if capability.output is not KgAnswer
} | {"kg_ask": Renderer(_answer, model=KgAnswer)}
