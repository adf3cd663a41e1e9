"""What the command line adds to the verbs of MCP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vibe_jupyter.client.commands.own import OwnVerb

__all__ = ["VERBS"]

VERBS: tuple[OwnVerb, ...] = ()
