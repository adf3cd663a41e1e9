"""The places that a parser could not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.facts import Problem

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["problems_of"]

_MAX_PROBLEMS = 20


def problems_of(root: Node) -> list[Problem]:
    """Return the outermost errors below a node, in source order, at most 20."""
    problems: list[Problem] = []
    waiting = [root]
    while waiting and len(problems) < _MAX_PROBLEMS:
        node = waiting.pop()
        line = node.start_point[0] + 1
        if node.is_missing:
            problems.append(Problem(line, f"expected {node.type!r}"))
        elif node.is_error:
            text = (node.text or b"").decode("utf-8", "replace").strip().splitlines()
            problems.append(Problem(line, f"syntax error near {text[0][:60]!r}" if text else "syntax error"))
        elif node.has_error:
            waiting.extend(reversed(node.children))
    return problems
