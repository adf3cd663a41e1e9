"""Results of `kg.generate`: what a generation did."""

from vibe_jupyter.core.kg.schemas import KgGenerated
from vibe_jupyter.widgets.rendering.graphs import RENDERERS

__all__ = ["RENDERER"]

RENDERER = RENDERERS[KgGenerated]
