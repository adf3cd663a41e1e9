"""What gives names their meaning in Python: assignments, loops, imports, `isinstance`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from vibe_jupyter.core.kg.extract.facts import (
    UNKNOWN,
    Binding,
    Call,
    Definition,
    DefinitionKind,
    Import,
    Scope,
    is_in_function,
)
from vibe_jupyter.core.kg.extract.python_expressions import Expressions

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Frame", "Names"]

_COLLECTIONS = ("list", "list_comprehension", "set", "set_comprehension", "tuple", "generator_expression")
_PLAIN = frozenset(["identifier", "attribute", "string", "integer", "none", "true", "false", "dictionary"])
_PATTERNS = ("pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern")
_ITERATES_ITS_ARGUMENT = ("enumerate", "reversed", "sorted", "list", "tuple", "set", "iter")
_MAX_NESTED = 20
"""Targets in targets that are followed: `(((a,),),) = value`; CPython itself gives up at 200."""
_MAX_BINDINGS = 200
"""Of one name in one scope; a file that has more was written by a program."""
_LEAVES = ("return_statement", "raise_statement", "continue_statement", "break_statement")


class Frame:
    """A definition that is being read: what starts in its body belongs to it."""

    __slots__ = ("body", "definition", "end", "scope")

    def __init__(self, end: int, body: int, scope: int, definition: int) -> None:
        self.end = end
        self.body = body
        self.scope = scope
        self.definition = definition


class Names(Expressions):
    """Fills the scopes of one file; a handler gets a node of its kind and the frame that the node is in."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.scopes = [Scope("module", -1, -1)]
        self.definitions: list[Definition] = []
        self.calls: list[Call] = []
        self.imports: list[Import] = []

    def bind(self, scope: int, name: str, binding: Binding) -> None:
        """Give a name of a scope one more meaning; after `global` and `nonlocal`, the name of the scope meant."""
        names = self.scopes[scope].names
        known = names.get(name)
        if known is None:
            names[name] = [binding]
        elif known[-1] != binding:
            if known[0].kind == "unknown" and known[0].text:  # `global name`: the outer scope's
                self.bind(int(known[0].text), name, binding)
            elif len(known) < _MAX_BINDINGS:
                known.append(binding)

    def _assignment(self, node: Node, _nodes: Any, frame: Frame) -> None:
        left, *others = node.named_children or [node]
        annotation = others.pop(0) if others and others[0].type == "type" else None
        right = others[-1] if others else None
        kind = left.type
        line = node.start_point[0] + 1
        if kind == "identifier":
            name = self.text(left)
            for binding in self._values(right, annotation, line):
                self.bind(frame.scope, name, binding)
            if frame.scope == 0 or self.scopes[frame.scope].kind == "class":
                self._variable(
                    "variable" if frame.scope == 0 else "field", name, node, left, annotation, frame
                )
        elif kind == "attribute":
            owner, attribute = left.child_by_field_name("object"), left.child_by_field_name("attribute")
            if owner and attribute and owner.type == "identifier":
                self._attribute(
                    self.text(owner), self.text(attribute), self._values(right, annotation, line), frame
                )
        elif kind in _PATTERNS:
            self._unpack(left, right, frame, line)

    def _type_alias(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        left, value = nodes["left"][0], nodes["value"][0]
        name = self.text(left).partition("[")[0].strip()
        self.bind(frame.scope, name, Binding("type", self.text(value), "", node.start_point[0] + 1))
        self._variable("type", name, node, left, None, frame)

    def _variable(
        self, kind: DefinitionKind, name: str, node: Node, left: Node, annotation: Node | None, frame: Frame
    ) -> None:
        at = left.start_point
        line = at[0] + 1
        first = self.scopes[frame.scope].names[name][0]
        if first.kind == "definition" or first.line < line:
            return  # assigned again, or another scope's: it stays where it was first seen
        self.definitions.append(
            Definition(
                kind,
                name,
                frame.definition,
                frame.scope,
                line,
                node.end_point[0] + 1,
                line,
                at[1],
                annotation=self.text(annotation) if annotation else "",
            )
        )

    def _values(self, right: Node | None, annotation: Node | None, line: int) -> list[Binding]:
        if annotation is not None:
            return [Binding("type", self.text(annotation), "", line)]
        if right is None:
            return [Binding("unknown", "", "", line)]
        kind = right.type
        if kind in _PLAIN:
            return [Binding("value", self.path(right), "", line)]
        if kind in _COLLECTIONS:
            return [self._collection(right, line)]
        if kind == "subscript" or kind == "binary_operator":
            return [Binding("value", self.path(right), self.text(right), line)]
        if kind == "call" and self.source.startswith(
            (b"cast(", b"typing.cast(", b"t.cast("), right.start_byte
        ):
            arguments = right.child_by_field_name("arguments")
            if arguments and arguments.named_children:
                return [Binding("type", self.text(arguments.named_children[0]).strip("\"'"), "", line)]
        return [Binding("value", path, "", line) for path in self.paths(right)]

    def _collection(self, node: Node, line: int) -> Binding:
        """Return a list or set with what its elements are, where the first tells."""
        children = node.named_children
        element = self.path(children[0]) if children else UNKNOWN
        return Binding("collection", element, "", line)

    def _attribute(self, owner: str, name: str, bindings: list[Binding], frame: Frame) -> None:
        """`self.name = ...`: an attribute of the class whose method this is."""
        scope = frame.scope
        while scope >= 0:
            known = self.scopes[scope].names.get(owner)
            if known:
                if known[0].kind in ("self", "class"):
                    holder = self.scopes[self.scopes[scope].parent]
                    holder.attributes.setdefault(name, []).extend([(frame.scope, b) for b in bindings])
                return
            scope = self.scopes[scope].parent

    def _unpack(self, left: Node, right: Node | None, frame: Frame, line: int, depth: int = 0) -> None:
        if depth > _MAX_NESTED:
            return
        values: list[Node] = []
        if right is not None and right.type in ("expression_list", "tuple", "list"):
            values = right.named_children
        targets = left.named_children
        if len(values) == len(targets):
            for target, value in zip(targets, values, strict=True):
                if target.type == "identifier":
                    for binding in self._values(value, None, line):
                        self.bind(frame.scope, self.text(target), binding)
                elif target.type in _PATTERNS:
                    self._unpack(target, value, frame, line, depth + 1)
            return
        self._bind_items(left, Binding("value", self.path(right), "", line), frame)

    def _bind_items(self, left: Node, binding: Binding, frame: Frame, depth: int = 0) -> None:
        """Bind each name of `a, b = pair` to its item of the value."""
        if depth > _MAX_NESTED:
            return
        for i, target in enumerate(left.named_children):
            if target.type == "identifier":
                self.bind(frame.scope, self.text(target), msgspec.structs.replace(binding, item=i))
            elif target.type in _PATTERNS:
                self._bind_items(target, Binding("unknown", "", "", binding.line), frame, depth + 1)

    def _bind_target(self, left: Node, binding: Binding, frame: Frame) -> None:
        if left.type == "as_pattern_target":
            left = left.named_children[0] if left.named_children else left
        if left.type == "identifier" or left.type == "as_pattern_target":
            self.bind(frame.scope, self.text(left), binding)
        elif left.type in _PATTERNS:
            self._bind_items(left, binding, frame)

    def _for(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        line = node.start_point[0] + 1
        left, right = nodes["left"][0], nodes["right"][0]
        if right.type == "call":
            name = self.text(right.child_by_field_name("function"))
            arguments = right.child_by_field_name("arguments")
            if name in _ITERATES_ITS_ARGUMENT and arguments and arguments.named_children:
                right = arguments.named_children[0]
                if name == "enumerate":
                    if left.type not in _PATTERNS or len(left.named_children) != 2:
                        return
                    index, left = left.named_children
                    self._bind_target(index, Binding("value", "int()", "", line), frame)
        if (
            right.type in _COLLECTIONS or right.type == "expression_list"
        ) and right.named_children:  # the first tells, as in a list that has a name
            first = right.named_children[0]
            if left.type in _PATTERNS:
                self._unpack(left, first, frame, line)
            else:
                for binding in self._values(first, None, line):
                    self._bind_target(left, binding, frame)
            return
        self._bind_target(left, Binding("element", self.path(right), "", line), frame)

    def _with(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        line = node.start_point[0] + 1
        self._bind_target(nodes["left"][0], Binding("entered", self.path(nodes["value"][0]), "", line), frame)

    def _except(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        value = nodes["value"][0]
        text = self.text(value)
        if value.type == "tuple":
            text = " | ".join([self.text(child) for child in value.named_children])[: self.longest]
        self._bind_target(nodes["left"][0], Binding("type", text, "", node.start_point[0] + 1), frame)

    def _walrus(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        line = node.start_point[0] + 1
        for path in self.paths(nodes["right"][0]):
            self._bind_target(nodes["left"][0], Binding("value", path, "", line), frame)

    def _outer_names(self, node: Node, _nodes: Any, frame: Frame) -> None:
        """`global` and `nonlocal`: what is bound here is bound there."""
        if frame.scope == 0:
            return  # the module's names are its own
        for child in node.named_children:
            name = self.text(child)
            scope = 0
            if node.type == "nonlocal_statement":
                scope = self.scopes[frame.scope].parent
                while scope > 0 and (
                    self.scopes[scope].kind == "class" or name not in self.scopes[scope].names
                ):
                    scope = self.scopes[scope].parent
            self.scopes[frame.scope].names[name] = [Binding("unknown", str(scope))]

    def _import(self, node: Node, _nodes: Any, frame: Frame) -> None:
        line, late = node.start_point[0] + 1, self._is_late(node, frame)
        for child in node.named_children:
            name = child.child_by_field_name("name") if child.type == "aliased_import" else child
            module = self.text(name)
            self.imports.append(Import(module, "", line, late))
            if child.type == "aliased_import":
                alias = self.text(child.child_by_field_name("alias"))
                self.bind(frame.scope, alias, Binding("module", module, "", line))
            else:
                first = module.split(".", 1)[0]
                self.bind(frame.scope, first, Binding("module", first, "", line))

    def _import_from(self, node: Node, _nodes: Any, frame: Frame) -> None:
        line, late = node.start_point[0] + 1, self._is_late(node, frame)
        children = node.named_children
        if not children:
            return
        module = self.text(children[0]).replace(" ", "")
        for child in children[1:]:
            kind = child.type
            if kind == "wildcard_import":
                self.scopes[frame.scope].stars.append(module)
                self.imports.append(Import(module, "*", line, late))
            elif kind in ("dotted_name", "aliased_import"):
                aliased = kind == "aliased_import"
                name = self.text(child.child_by_field_name("name") if aliased else child)
                local = self.text(child.child_by_field_name("alias")) if aliased else name
                self.imports.append(Import(module, name, line, late))
                self.bind(frame.scope, local, Binding("member", module, name, line))

    def _is_late(self, node: Node, frame: Frame) -> bool:
        """Whether an import runs in a function, for type checkers only, or where the file is run and not imported."""
        if is_in_function(self.scopes, frame.scope):
            return True
        block = node.parent if node.start_point[1] else None
        around = block.parent if block is not None and block.type == "block" else None
        if around is None or around.type != "if_statement":
            return False
        condition = self.text(around.child_by_field_name("condition"))
        return condition.endswith("TYPE_CHECKING") or condition.startswith("__name__ ==")

    def _narrow(self, call: Node, frame: Frame) -> None:
        """`if isinstance(name, Type):` tells what the name is in the block, and `if not ...: return` after it."""
        arguments = call.child_by_field_name("arguments")
        if arguments is None or len(arguments.named_children) != 2:
            return
        value, types = arguments.named_children
        if value.type != "identifier":
            return
        text = self.text(types)
        if types.type == "tuple":
            text = " | ".join([self.text(child) for child in types.named_children])[: self.longest]
        negated = False
        node = call.parent
        for _ in range(_MAX_NESTED):
            if node is None or node.type not in (
                "boolean_operator",
                "parenthesized_expression",
                "not_operator",
            ):
                break
            negated = negated or node.type == "not_operator"
            node = node.parent
        line = call.start_point[0] + 1
        until = line
        if node is not None and node.type in ("if_statement", "elif_clause", "while_statement"):
            body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
            last = body.named_children[-1].type if body and body.named_children else ""
            until = body.end_point[0] + 1 if body else line
            if negated:
                if last not in _LEAVES:
                    return
                line, until = until, 0
        elif node is not None and node.type == "assert_statement" and not negated:
            until = 0
        elif negated:
            return
        self.bind(frame.scope, self.text(value), Binding("type", text, "", line, until))
