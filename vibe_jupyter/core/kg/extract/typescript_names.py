"""What gives names their meaning in JavaScript and TypeScript: declarations, destructuring, loops, assignments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import msgspec

from vibe_jupyter.core.kg.extract.facts import UNKNOWN, Binding, Call, Definition, Import, is_in_function
from vibe_jupyter.core.kg.extract.typescript_expressions import FUNCTIONS, Expressions, Frame

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Names"]

_PATTERNS = ("object_pattern", "array_pattern")
_DEFINES = (*FUNCTIONS, "class")
_ITERATING = frozenset(
    [
        "map",
        "forEach",
        "filter",
        "find",
        "findLast",
        "some",
        "every",
        "flatMap",
        "findIndex",
        "sort",
        "toSorted",
    ]
)
_LEAVES = ("return_statement", "throw_statement", "continue_statement", "break_statement")


class Names(Expressions, ABC):
    """Fills the scopes of one file; a handler gets a node of its kind and the frame that the node is in."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.definitions: list[Definition] = []
        self.calls: list[Call] = []
        self.imports: list[Import] = []
        self.exports: dict[str, list[Binding]] = {}
        self.named: dict[
            int, tuple[str, Node, str, Node]
        ] = {}  # functions that get a name: name, its node, kind, all
        self.given: dict[
            int, list[Binding]
        ] = {}  # functions whose parameters are known from where they are passed

    def bind(self, scope: int, name: str, binding: Binding) -> None:
        """Give a name of a scope one more meaning."""
        known = self.scopes[scope].names.setdefault(name, [])
        if not known or known[-1] != binding:
            known.append(binding)

    def _declarator(self, node: Node, _nodes: Any, frame: Frame) -> None:
        target = node.child_by_field_name("name")
        value = node.child_by_field_name("value")
        annotation = self.type_text(node.child_by_field_name("type"))
        if target is None:
            return
        line = node.start_point[0] + 1
        if target.type != "identifier":
            path = f"({annotation})" if annotation else self.path(value) if value else UNKNOWN
            self.unpack(target, path, frame.scope, line)
            return
        name = self.text(target)
        if value is not None and value.type in _DEFINES:
            self.named[value.id] = (name, target, "function", node)
            if annotation and value.type != "class":
                self.bind(frame.scope, name, Binding("type", annotation, "", line))
            return
        in_module = self.scopes[frame.scope].kind == "module"
        index = self.variable("variable", name, target, node, frame, annotation) if in_module else -1
        if index >= 0 and value is not None and value.type == "object":
            self.scopes[self.object_scope(value)].definition = index
        for binding in self.values(value, annotation, line):
            self.bind(frame.scope, name, binding)

    def variable(
        self,
        kind: Any,
        name: str,
        target: Node,
        node: Node,
        frame: Frame,
        annotation: str,
        modifiers: Any = (),
    ) -> int:
        """Define a variable or field, once; return its index."""
        known = self.scopes[frame.scope].names.get(name, ())
        if not all(b.kind == "definition" and self._is_type(b) for b in known):
            return -1
        at = target.start_point
        self.definitions.append(
            Definition(
                kind,
                name,
                frame.definition,
                frame.scope,
                node.start_point[0] + 1,
                node.end_point[0] + 1,
                at[0] + 1,
                at[1],
                documentation=self.comment_above(node),
                annotation=annotation,
                modifiers=modifiers,
            )
        )
        return len(self.definitions) - 1

    def _is_type(self, binding: Binding) -> bool:
        return binding.text.isdigit() and self.definitions[int(binding.text)].kind in ("interface", "type")

    @abstractmethod
    def comment_above(self, node: Node) -> str:
        """Return the comment that documents a node."""

    def values(self, value: Node | None, annotation: str, line: int) -> list[Binding]:
        """Return what a declared name may stand for."""
        if annotation:
            return [Binding("type", annotation, "", line)]
        if value is None:
            return [Binding("unknown", "", "", line)]
        if value.type == "array" and value.named_children:
            return [Binding("collection", self.path(value.named_children[0]), "", line)]
        if value.type == "call_expression":
            module = self._required(value)
            if module:
                return [Binding("module", module, "require", line)]
        return [Binding("value", path, "", line) for path in self.paths(value)]

    def _required(self, call: Node) -> str:
        function = call.child_by_field_name("function")
        return self.required(function, call.child_by_field_name("arguments")) if function else ""

    def unpack(self, target: Node, path: str, scope: int, line: int, item: int = -1) -> None:
        """Bind the names of `{a, b: [c]} = value`, each to its part of the value."""
        kind = target.type
        if kind in ("identifier", "shorthand_property_identifier_pattern"):
            self.bind(scope, self.text(target), Binding("value", path, "", line, 0, item))
        elif kind in ("assignment_pattern", "object_assignment_pattern"):
            left = target.child_by_field_name("left")
            if left is not None:
                self.unpack(left, path, scope, line, item)
        elif kind == "object_pattern" and item < 0:
            for child in target.named_children:
                self._unpack_property(child, path, scope, line)
        elif kind in _PATTERNS:
            inside = UNKNOWN if item >= 0 else path
            for i, child in enumerate(target.named_children):
                self.unpack(child, inside, scope, line, i if inside != UNKNOWN else -1)
        elif kind == "rest_pattern" and target.named_children:
            self.bind(scope, self.text(target.named_children[0]), Binding("unknown", "", "", line))

    def _unpack_property(self, child: Node, path: str, scope: int, line: int) -> None:
        kind = child.type
        if kind == "pair_pattern":
            key, value = self.key(child.child_by_field_name("key")), child.child_by_field_name("value")
            if value is not None:
                self.unpack(value, UNKNOWN if path == UNKNOWN else f"{path}.{key}", scope, line)
            return
        if kind == "object_assignment_pattern":
            child = child.child_by_field_name("left") or child
        if child.type == "shorthand_property_identifier_pattern":
            name = self.text(child)
            if path.startswith("<") and path.endswith(">"):
                self.imports.append(Import(path[1:-1], name, line, is_in_function(self.scopes, scope)))
                self.bind(scope, name, Binding("member", path[1:-1], name, line))
            else:
                self.unpack(child, UNKNOWN if path == UNKNOWN else f"{path}.{name}", scope, line)
        elif kind == "rest_pattern":
            self.unpack(child, path, scope, line)

    def _assignment(self, node: Node, _nodes: Any, frame: Frame) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        line = node.start_point[0] + 1
        if left.type == "identifier":
            name = self.text(left)
            scope = self._declaring(frame.scope, name)
            if scope < 0:
                return
            if right.type in _DEFINES:
                self.named[right.id] = (name, left, "function", node)
                return
            for binding in self.values(right, "", line):
                self.bind(scope, name, binding)
        elif left.type == "member_expression":
            self._assign_member(self.path(left), left, right, node, frame)

    def _declaring(self, scope: int, name: str) -> int:
        while scope >= 0 and name not in self.scopes[scope].names:
            scope = self.scopes[scope].parent
        return scope

    def _assign_member(self, path: str, left: Node, right: Node, node: Node, frame: Frame) -> None:
        """`this.name = ...` is a field; `exports.name = ...` and `module.exports = ...` are what others see."""
        owner, _, name = path.rpartition(".")
        line = node.start_point[0] + 1
        if owner == "this":
            holder = self._this(frame.scope)
            if holder < 0:
                return
            if right.type in _DEFINES:
                at = left.child_by_field_name("property") or left
                self.named[right.id] = (name, at, "field", node)
            attributes = self.scopes[holder].attributes.setdefault(name, [])
            attributes.extend((frame.scope, binding) for binding in self.values(right, "", line))
        elif path == "module.exports" or owner in ("exports", "module.exports"):
            name = "=" if path == "module.exports" else name
            if right.type in _DEFINES:
                at = left.child_by_field_name("property") or left
                own = right.child_by_field_name("name")
                self.named[right.id] = (self.text(own) if own else name, own or at, "export", node)
                self.export(name, Binding("definition", UNKNOWN, str(right.id), line))
                return
            for binding in self.values(right, "", line):
                self.export(name, binding)

    def _this(self, scope: int) -> int:
        """Return the class scope that `this` means, -1 if there is none."""
        while scope >= 0:
            here = self.scopes[scope]
            if here.kind == "class":
                return scope
            known = here.names.get("this")
            if known and known[0].kind not in ("self", "class"):
                return -1
            scope = here.parent
        return -1

    def export(self, name: str, binding: Binding) -> None:
        """Let other files see a name."""
        self.exports.setdefault(name, []).append(binding)

    def _for(self, node: Node, _nodes: Any, frame: Frame) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = node.child_by_field_name("operator")
        if left is None or right is None:
            return
        line = node.start_point[0] + 1
        if operator is not None and operator.type == "in":
            self.unpack(left, "String()", frame.scope, line)
            return
        binding = Binding("element", self.path(right), "", line)
        if left.type == "identifier":
            self.bind(frame.scope, self.text(left), binding)
        elif left.type == "array_pattern":
            for i, child in enumerate(left.named_children):
                if child.type == "identifier":
                    self.bind(frame.scope, self.text(child), msgspec.structs.replace(binding, item=i))
        else:
            self.unpack(left, f"{self.path(right)}[]", frame.scope, line)

    def pass_to(self, callee: str, arguments: Node | None) -> None:
        """`orders.map(order => ...)`: what the functions that are passed will be given."""
        owner, _, name = callee.rpartition(".")
        for i, function in enumerate(arguments.named_children if arguments else ()):
            if function.type not in FUNCTIONS:
                continue
            line = function.start_point[0] + 1
            if owner and i == 0 and name in _ITERATING:
                self.given[function.id] = [Binding("element", owner, name, line)]
            elif owner and i == 0 and name == "then":
                self.given[function.id] = [Binding("value", owner + "!", "", line)]
            else:
                self.given[function.id] = [Binding("argument", callee, str(i), line, 0, j) for j in range(4)]

    def _narrow(self, node: Node, _nodes: Any, frame: Frame) -> None:
        """`if (name instanceof Type) {...}` tells what the name is in the block, `if (!(...)) return;` after it."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or left.type != "identifier":
            return
        line = node.start_point[0] + 1
        until, negated = line, False
        above = node.parent
        while above is not None and above.type in (
            "parenthesized_expression",
            "unary_expression",
            "binary_expression",
        ):
            negated = negated or above.type == "unary_expression"
            above = above.parent
        if above is not None and above.type == "if_statement":
            body = above.child_by_field_name("consequence")
            until = body.end_point[0] + 1 if body else line
            if negated:
                last = body.named_children[-1].type if body and body.named_children else ""
                if last not in _LEAVES and (body is None or body.type not in _LEAVES):
                    return
                line, until = until, 0
        elif negated:
            return
        self.bind(frame.scope, self.text(left), Binding("type", self.text(right), "", line, until))
