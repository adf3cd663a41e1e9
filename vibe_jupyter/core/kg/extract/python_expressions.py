"""Python expressions as paths, see `facts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.facts import UNKNOWN
from vibe_jupyter.core.kg.extract.source_text import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Expressions"]

_LITERALS = {
    "string": "str()",
    "concatenated_string": "str()",
    "integer": "int()",
    "float": "float()",
    "list": "list()",
    "list_comprehension": "list()",
    "dictionary": "dict()",
    "dictionary_comprehension": "dict()",
    "set": "set()",
    "set_comprehension": "set()",
    "tuple": "tuple()",
    "expression_list": "tuple()",
    "generator_expression": "generator()",
    "none": "None",
    "true": "bool()",
    "false": "bool()",
    "not_operator": "bool()",
    "comparison_operator": "bool()",
}
_WITH_ALTERNATIVES = frozenset(["boolean_operator", "conditional_expression", "parenthesized_expression"])
_MAX_DEPTH = 40
_MAX_ALTERNATIVES = 8
"""Sides of `or`, `and` and `if else` that are read, and parentheses around them."""


class Expressions(SourceText):
    """Reads the expressions of one file."""

    def paths(self, node: Node, depth: int = 0) -> list[str]:
        """Return the expression's possible values, each as a path: `a or b` has two."""
        kind = node.type
        if kind not in _WITH_ALTERNATIVES:
            return [self.path(node)]
        if depth > _MAX_ALTERNATIVES:
            return [UNKNOWN]
        if kind == "boolean_operator":
            sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
        elif kind == "conditional_expression":
            children = node.named_children
            sides = [children[0], children[-1]] if children else []
        else:
            children = [child for child in node.named_children if child.type != "comment"]
            return self.paths(children[0], depth + 1) if children else [UNKNOWN]
        paths = [path for side in sides if side is not None for path in self.paths(side, depth + 1)]
        return [p for p in paths if p not in (UNKNOWN, "None")] or [UNKNOWN]

    def path(self, node: Node | None, depth: int = 0) -> str:
        """Return an expression as a path; `?` where it cannot be followed."""
        if node is None or depth > _MAX_DEPTH:
            return UNKNOWN
        kind = node.type
        if kind == "identifier":
            return self.text(node)
        if kind == "attribute":
            start, end = node.start_byte, node.end_byte
            if end - start < self.longest:  # `a.b.c`: nearly always
                text = self.characters[start:end]
                if text.isascii() and text.replace(".", "").isidentifier():
                    return text
            owner, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
            return f"{self.path(owner, depth + 1)}.{self.text(name)}"
        literal = _LITERALS.get(kind)
        if literal is not None:
            return literal
        if kind == "call":
            return self.path(node.child(0), depth + 1) + "()"
        if kind == "await":
            return self.path(node.named_children[0], depth + 1) + "!" if node.named_children else UNKNOWN
        if kind == "subscript":
            return self.path(node.child_by_field_name("value"), depth + 1) + "[]"
        if kind == "parenthesized_expression":
            return self.path(node.named_children[0], depth + 1) if node.named_children else UNKNOWN
        if kind == "named_expression":
            return self.path(node.child_by_field_name("value"), depth + 1)
        return UNKNOWN
