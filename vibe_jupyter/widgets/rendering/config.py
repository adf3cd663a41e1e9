"""Settings in force: name, value, and where each was set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.config import EffectiveSetting
from vibe_jupyter.widgets.rendering.document import Block, Column, Table, Text
from vibe_jupyter.widgets.rendering.registry import Renderer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["RENDERERS"]


def _settings(settings: Sequence[EffectiveSetting]) -> Iterator[Block]:
    rows = [
        (
            Text(each.variable, "code", title=each.description),
            Text(each.value),
            Text(each.source, "muted" if each.source == "default" else "strong"),
        )
        for each in settings
    ]
    yield Table((Column("setting"), Column("value", is_fluid=True), Column("from")), rows, limit=200)


RENDERERS: dict[type, Renderer] = {EffectiveSetting: Renderer(lambda each: _settings([each]), many=_settings)}
