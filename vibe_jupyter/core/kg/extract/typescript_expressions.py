"""JavaScript and TypeScript expressions as paths, see `facts`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.extract.facts import UNKNOWN, Scope
from vibe_jupyter.core.kg.extract.source_text import SourceText

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["FUNCTIONS", "Expressions", "Frame"]

FUNCTIONS = ("arrow_function", "function_expression", "generator_function")
"""The functions that are expressions."""
_MAX_DEPTH = 40
_PATH = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$#][\w$]*)*", re.ASCII)
_NAME = re.compile(r"[^\W\d]\w*")
_LITERALS = {
    "string": "String()",
    "template_string": "String()",
    "number": "Number()",
    "regex": "RegExp()",
    "array": "Array()",
    "true": "Boolean()",
    "false": "Boolean()",
    "null": "null",
    "undefined": "null",
    "this": "this",
    "super": "super",
}
_NOTHING = (UNKNOWN, "null")
_COLLECTIONS = frozenset(["Array", "Map", "Set", "WeakMap", "WeakSet", "Promise"])
_SAME = ("freeze", "seal", "preventExtensions")  # Object.freeze(x) is x


class Frame:
    """What is being read: what starts in its body belongs to it.

    `definition` is whose body holds the calls, `returning` the function that a `return` leaves (-1: one without name).
    """

    __slots__ = ("body", "definition", "end", "returning", "scope")

    def __init__(self, end: int, body: int, scope: int, definition: int, returning: int = -1) -> None:
        self.end = end
        self.body = body
        self.scope = scope
        self.definition = definition
        self.returning = returning


class Expressions(SourceText):
    """Reads the expressions of one file.

    Args:
        source: the file's bytes, UTF-8.
    """

    longest = 400

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.scopes = [Scope("module", -1, -1)]
        self.frame = Frame(len(source) + 1, 0, 0, -1)
        self.objects: dict[int, int] = {}  # object literals whose contents are asked for: node id -> scope

    def paths(self, node: Node) -> list[str]:
        """Return the expression's possible values, each as a path: `a ?? b` has two."""
        kind = node.type
        if kind == "binary_expression":
            operator = node.child_by_field_name("operator")
            mark = operator.type if operator else ""
            sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
            if mark == "&&":
                sides = sides[1:]
            elif mark not in ("||", "??"):
                return [UNKNOWN]
        elif kind == "ternary_expression":
            sides = [node.child_by_field_name("consequence"), node.child_by_field_name("alternative")]
        elif kind == "parenthesized_expression" and node.named_children:
            return self.paths(node.named_children[0])
        else:
            return [self.path(node)]
        found = [path for side in sides if side is not None for path in self.paths(side)]
        return [path for path in dict.fromkeys(found) if path not in _NOTHING] or [UNKNOWN]

    def path(self, node: Node | None, depth: int = 0) -> str:  # noqa: C901 - one branch per kind of node
        """Return an expression as a path; `?` where it cannot be followed."""
        if node is None or depth > _MAX_DEPTH:
            return UNKNOWN
        kind = node.type
        if kind == "identifier":
            return self.text(node)
        if kind == "member_expression":
            return self.member(node, depth)[0]
        if kind == "call_expression":
            return self._called(node, depth)
        if kind == "new_expression":
            constructor = node.child_by_field_name("constructor")
            arguments = node.child_by_field_name("type_arguments")
            if arguments and self.text(constructor) in _COLLECTIONS:
                return f"({self.text(constructor)}{self.text(arguments)})"
            return self.path(constructor, depth + 1) + "()"
        if kind == "await_expression":
            return self.path(node.named_children[0], depth + 1) + "!" if node.named_children else UNKNOWN
        if kind == "subscript_expression":
            return self._subscript(node, depth)
        if kind == "object":
            return f"{{{self.object_scope(node)}}}"
        if kind in ("as_expression", "satisfies_expression", "type_assertion"):
            return self._cast(node, depth)
        if kind in ("parenthesized_expression", "non_null_expression", "instantiation_expression"):
            return self.path(node.named_children[0], depth + 1) if node.named_children else UNKNOWN
        if kind == "assignment_expression":
            return self.path(node.child_by_field_name("right"), depth + 1)
        return _LITERALS.get(kind, UNKNOWN)

    def member(self, node: Node, depth: int = 0) -> tuple[str, bool]:
        """Return `a.b` as a path, and whether it is plain names as they stand there."""
        found = _PATH.fullmatch(self.characters, node.start_byte, node.end_byte)
        if found:
            return found[0], True
        owner, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        return f"{self.path(owner, depth + 1)}.{self.text(name)}", False

    def _called(self, node: Node, depth: int) -> str:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is None:
            return UNKNOWN
        if function.type in ("import", "identifier"):
            module = self.required(function, arguments)
            if module:
                return f"<{module}>"
        path = self.path(function, depth + 1)
        if path.endswith(".bind"):  # the function itself, with `this` given
            return path[:-5]
        if path.startswith("Object.") and path[7:] in _SAME and arguments and arguments.named_children:
            return self.path(arguments.named_children[0], depth + 1)
        return path + "()"

    def required(self, function: Node, arguments: Node | None) -> str:
        """Return the module of `require("module")` or `import("module")`."""
        if function.type != "import" and not self.is_require(function):
            return ""
        first = arguments.named_children[0] if arguments and arguments.named_children else None
        return self.string(first) if first is not None and first.type == "string" else ""

    def is_require(self, function: Node) -> bool:
        """Whether a called name is `require`."""
        return self.source.startswith(b"require", function.start_byte) and self.text(function) == "require"

    def _subscript(self, node: Node, depth: int) -> str:
        owner = self.path(node.child_by_field_name("object"), depth + 1)
        index = node.child_by_field_name("index")
        if index is not None and index.type == "string":
            name = self.string(index)
            if _NAME.fullmatch(name):
                return f"{owner}.{name}"
        return owner + "[]"

    def _cast(self, node: Node, depth: int) -> str:
        children = node.named_children
        if not children:
            return UNKNOWN
        if node.type == "type_assertion":
            return f"({self.text(children[0])[1:-1]})"
        if node.type == "satisfies_expression" or len(children) < 2:  # `as const` has one
            return self.path(children[0], depth + 1)
        return f"({self.text(children[1])})"

    def object_scope(self, node: Node) -> int:
        """Return the scope that will hold an object literal's properties."""
        known = self.objects.get(node.id)
        if known is None:
            known = self.objects[node.id] = len(self.scopes)
            self.scopes.append(Scope("object", self.frame.scope, self.frame.definition, {}, {}, []))
        return known

    def type_text(self, node: Node | None) -> str:
        """Return the type of an annotation, without its colon."""
        if node is None or not node.named_children:
            return ""
        return self.text(node.named_children[0]) if node.type == "type_annotation" else self.text(node)

    def string(self, node: Node | None) -> str:
        """Return what stands between a string's quotes."""
        return self.text(node)[1:-1] if node is not None else ""

    def key(self, node: Node | None) -> str:
        """Return the name of a property; nothing for one that is computed."""
        if node is None:
            return ""
        if node.type == "string":
            return self.string(node)
        if node.type == "computed_property_name":
            inner = node.named_children[0] if node.named_children else None
            if inner is not None and inner.type == "string":
                return self.string(inner)
            return f"[{self.text(inner)}]"
        return self.text(node)
