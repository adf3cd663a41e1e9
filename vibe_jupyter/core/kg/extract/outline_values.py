"""What a declaration calls a variable, and what it gives it, where the syntax alone tells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.outline_paths import LONGEST, path_of, type_of

if TYPE_CHECKING:
    from tree_sitter import Node

    from vibe_jupyter.core.kg.extract.facts import BindingKind

__all__ = ["LONGEST_TYPE", "declared_name", "given"]

LONGEST_TYPE = 200
"""Characters of a type that are kept."""

_NAME = re.compile(r"(?!\b(?:const|restrict|mut|ref)\b)\b[^\W\d]\w*")
_AROUND = ("expression_list", "unary_expression", "reference_expression")
_MADE_OF_TYPE = ("object_creation_expression", "new_expression", "composite_literal")


def declared_name(text: str) -> str:
    """Return the name that a declarator gives.

    >>> declared_name("*name"), declared_name("name[3]"), declared_name("(*name)(int)"), declared_name("const &name")
    ('name', 'name', 'name', 'name')
    """
    found = _NAME.search(text)
    return found[0] if found else ""


def given(value: Node) -> tuple[BindingKind, str]:
    """Tell what a local variable gets: an object of a class that is named, or what a function returns."""
    for _ in range(3):  # `&Order{}`
        if value.type in _AROUND and value.named_child_count == 1:
            value = value.named_children[0]
    function = value.child_by_field_name("function")
    if function is not None:
        path = path_of(_text(function, LONGEST))
        return ("unknown", "") if path.startswith("?") else ("value", f"{path}()")
    made = None
    if value.type in _MADE_OF_TYPE:
        made = value.child_by_field_name("type")
    elif value.type == "struct_expression":
        made = value.child_by_field_name("name")
    of = type_of(_text(made, LONGEST_TYPE)) if made is not None else ""
    return ("type", of) if of else ("unknown", "")


def _text(node: Node, longest: int) -> str:
    return (node.text or b"")[: longest + 1].decode("utf-8", "replace")
