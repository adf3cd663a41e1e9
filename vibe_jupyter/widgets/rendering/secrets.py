"""How secrets are shown: by name, whose they are, and since when; there is nothing else to be shown of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from vibe_jupyter.core.secrets.schemas import SecretInfo, SecretList
from vibe_jupyter.widgets.rendering.document import Block, Cell, Column, Command, Id, Line, Table, Text
from vibe_jupyter.widgets.rendering.registry import Renderer
from vibe_jupyter.widgets.rendering.tasks import when_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.widgets.rendering.document import Inline

__all__ = ["RENDERERS"]


def _whose(secret: SecretInfo) -> Inline:
    return Id(secret.project_id) if secret.project_id else Text("all your work", "muted")


def _secret(secret: SecretInfo) -> Iterator[Block]:
    given = datetime.fromisoformat(secret.created_at)
    yield Line(Text(secret.name, "code", limit=100), " · ", _whose(secret), " · given ", when_cell(given))


def _secrets(listed: SecretList) -> Iterator[Block]:
    if not listed.secrets:
        yield Line(Text("no secret yet; ", "muted"), Command("secrets set", "NAME"), " asks for one")
        return
    rows: list[tuple[Cell, ...]] = [
        (
            Text(one.name, "code", limit=100),
            _whose(one),
            when_cell(datetime.fromisoformat(one.created_at)),
        )
        for one in listed.secrets
    ]
    yield Table((Column("secret"), Column("for"), Column("given")), rows)


RENDERERS = {SecretInfo: Renderer(_secret), SecretList: Renderer(_secrets)}
