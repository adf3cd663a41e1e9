"""What TypeScript has beside JavaScript: interfaces, type aliases, enums, namespaces and signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.kg.extract.facts import Binding, Definition
from vibe_jupyter.core.kg.extract.typescript_definitions import Definitions
from vibe_jupyter.core.kg.extract.typescript_expressions import Frame

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Types"]


class Types(Definitions):
    """Reads declarations of types."""

    def _interface(self, node: Node, _nodes: Any, frame: Frame) -> None:
        definition = self._declared_type("interface", node, frame, "class")
        definition.bases = self._bases(node)
        body = node.child_by_field_name("body")
        if body is not None:
            self._members(body, Frame(0, 0, definition.body_scope, len(self.definitions) - 1))

    def _declared_type(self, kind: Any, node: Node, frame: Frame, scope_kind: Any = None) -> Definition:
        name_node = node.child_by_field_name("name")
        name = self.key(name_node)
        definition = self.define(kind, name, name_node or node, node, frame, scope_kind)
        index = str(len(self.definitions) - 1)
        self.bind(frame.scope, name, Binding("definition", index, "", definition.start_line))
        if scope_kind:
            self._type_parameters(node, definition.body_scope)
        return definition

    def _alias(self, node: Node, _nodes: Any, frame: Frame) -> None:
        """`type A = {...} & B`: its own members in a scope, the whole as annotation."""
        value = node.child_by_field_name("value")
        definition = self._declared_type("type", node, frame, "class")
        definition.annotation = self.text(value)
        inside = Frame(0, 0, definition.body_scope, len(self.definitions) - 1)
        waiting = [value] if value is not None else []
        while waiting:
            part = waiting.pop()
            if part.type == "object_type":
                self._members(part, inside)
            elif part.type in ("intersection_type", "union_type", "parenthesized_type"):
                waiting.extend(reversed(part.named_children))

    def _members(self, body: Node, frame: Frame) -> None:
        """Read the members of an interface or object type."""
        names = self.scopes[frame.scope].names
        for child in body.named_children:
            kind = child.type
            name_node = child.child_by_field_name("name")
            if kind == "method_signature" and name_node is not None:
                self._signature_of("method", child, name_node, frame)
            elif kind == "property_signature" and name_node is not None:
                name = self.key(name_node)
                annotation = self.type_text(child.child_by_field_name("type"))
                self.variable("field", name, name_node, child, frame, annotation)
                names.setdefault(name, []).append(
                    Binding("type", annotation) if annotation else Binding("unknown")
                )
            elif kind in ("call_signature", "construct_signature"):
                given = child.child_by_field_name("return_type") or child.child_by_field_name("type")
                name = "()" if kind == "call_signature" else "new()"
                if given is not None:
                    names.setdefault(name, []).append(Binding("type", self.type_text(given)))

    def _signature_of(self, kind: Any, node: Node, name_node: Node, frame: Frame) -> None:
        name = self.key(name_node)
        definition = self.define(kind, name, name_node, node, frame, "function")
        self._signature(node, definition)
        index = str(len(self.definitions) - 1)
        self.bind(frame.scope, name, Binding("definition", index, "", definition.start_line))

    def _overload(self, node: Node, _nodes: Any, frame: Frame) -> None:
        """Define a function or method without a body."""
        name_node = node.child_by_field_name("name")
        if name_node is not None and self.scopes[frame.scope].kind != "object":
            in_class = self.scopes[frame.scope].kind == "class"
            if in_class != (node.type == "function_signature"):
                self._signature_of("method" if in_class else "function", node, name_node, frame)

    def _enum(self, node: Node, _nodes: Any, frame: Frame) -> None:
        definition = self._declared_type("enum", node, frame, "class")
        inside = Frame(0, 0, definition.body_scope, len(self.definitions) - 1)
        body = node.child_by_field_name("body")
        for child in body.named_children if body else ():
            at = child.child_by_field_name("name") or child
            name = self.key(at)
            if child.type != "comment":
                self.variable("field", name, at, child, inside, "")
                self.bind(inside.scope, name, Binding("self"))

    def _namespace(self, node: Node, _nodes: Any, frame: Frame) -> None:
        body = node.child_by_field_name("body")
        definition = self._declared_type("namespace", node, frame, "module")
        self.enter(node, body.start_byte if body else node.end_byte, definition, False)

    def _import_alias(self, node: Node, _nodes: Any, frame: Frame) -> None:
        """`import Short = Long.Name`."""
        if len(node.named_children) == 2:
            alias, target = node.named_children
            binding = Binding("value", self.text(target), "", node.start_point[0] + 1)
            self.bind(frame.scope, self.text(alias), binding)
