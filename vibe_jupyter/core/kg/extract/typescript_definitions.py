"""Functions, methods, classes, interfaces, enums and namespaces of JavaScript and TypeScript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.kg.extract.facts import Binding, Definition, Parameter, Scope
from vibe_jupyter.core.kg.extract.typescript_comments import comment_before
from vibe_jupyter.core.kg.extract.typescript_expressions import FUNCTIONS, Frame
from vibe_jupyter.core.kg.extract.typescript_modules import Modules

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["Definitions"]

_MODIFIERS = frozenset(
    ["static", "get", "set", "readonly", "abstract", "override_modifier", "accessibility_modifier"]
)
_PARTS = frozenset(["Partial", "Required", "Readonly", "Pick", "Omit"])


class Definitions(Modules):
    """Reads what defines something."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.frames = [self.frame]
        self.decorators: list[str] = []  # those before the next definition
        self.seen_decorators: set[int] = set()

    def comment_above(self, node: Node) -> str:
        """Return the comment that documents a node."""
        return comment_before(self.source, node.start_byte)

    def define(
        self, kind: Any, name: str, name_node: Node, node: Node, frame: Frame, scope_kind: Any = None
    ) -> Definition:
        """Add a definition; with a kind of scope it gets one for its body."""
        index = len(self.definitions)
        body_scope = -1
        if scope_kind:
            body_scope = len(self.scopes)
            self.scopes.append(Scope(scope_kind, frame.scope, index, {}, {}, []))
        start, at = node.start_point, name_node.start_point
        definition = Definition(
            kind,
            name,
            frame.definition,
            frame.scope,
            start[0] + 1,
            node.end_point[0] + 1,
            at[0] + 1,
            at[1],
            body_scope,
            self.comment_above(node),
        )
        self.definitions.append(definition)
        return definition

    def enter(self, node: Node, body: int, definition: Definition, returning: bool) -> Frame:
        """Let what starts in a node belong to a definition."""
        index = self.scopes[definition.body_scope].definition
        frame = Frame(node.end_byte, body, definition.body_scope, index, index if returning else -1)
        self.frames.append(frame)
        return frame

    def _function(self, node: Node, _nodes: Any, frame: Frame) -> None:
        name, name_node, kind, whole = self._name_of(node)
        if name_node is None:
            self._anonymous(node, frame)
            return
        is_method = kind == "method" or kind == "field" or self.scopes[frame.scope].kind == "class"
        definition = self.define(
            "method" if is_method else "function", name, name_node, whole, frame, "function"
        )
        index = str(len(self.definitions) - 1)
        binding = Binding("definition", index, "", definition.start_line)
        if kind == "export":
            self._settle(str(node.id), binding)
        elif kind == "field" and frame.scope >= 0:
            holder = self._this(frame.scope)
            self.scopes[holder].attributes[name] = [(frame.scope, binding)]
        elif kind == "own":
            self.scopes[definition.body_scope].names[name] = [binding]
        else:
            self.bind(frame.scope, name, binding)
        definition.decorators = self._decorators(whole)
        self._signature(node, definition)
        self._bind_this(node, definition, frame, is_method)
        self.enter(node, node.start_byte, definition, True)
        body = node.child_by_field_name("body")
        if body is not None and body.type != "statement_block" and not definition.annotation:
            self.frame = self.frames[-1]
            definition.returns = tuple(self.paths(body)[:6])

    def _name_of(self, node: Node) -> tuple[str, Node | None, str, Node]:
        """Return a function's name, where that stands, what names it, and the whole declaration."""
        given = self.named.pop(node.id, None)
        if given is not None:
            return given
        name_node = node.child_by_field_name("name")
        if name_node is None:
            if node.type == "function_declaration":  # export default function () {}: the name is missing
                return "default", node, "function", node
            return "", None, "", node
        kind = "own" if node.type in FUNCTIONS else "method" if "method" in node.type else "function"
        return self.key(name_node), name_node, kind, node

    def _settle(self, node_id: str, binding: Binding) -> None:
        """Put a definition where an export waited for it."""
        for known in self.exports.values():
            for i, export in enumerate(known):
                if export.kind == "definition" and export.name == node_id:
                    known[i] = binding

    def _anonymous(self, node: Node, frame: Frame) -> None:
        scope = len(self.scopes)
        self.scopes.append(Scope("function", frame.scope, frame.definition, {}, {}, []))
        if node.type != "arrow_function":
            self.scopes[scope].names["this"] = [Binding("unknown")]
        self._parameters(node, scope)
        given = self.given.pop(node.id, None)
        if given is not None:
            self._give(node, scope, given)
        self.frames.append(Frame(node.end_byte, node.start_byte, scope, frame.definition))

    def _give(self, node: Node, scope: int, given: list[Binding]) -> None:
        """Bind parameters without a type to what the function will be called with."""
        lone = node.child_by_field_name("parameter")
        parameters = node.child_by_field_name("parameters")
        found = [lone] if lone is not None else parameters.named_children if parameters is not None else []
        for parameter, binding in zip([p for p in found if p.type != "comment"], given, strict=False):
            if parameter.child_by_field_name("type") is not None:
                continue
            target = parameter.child_by_field_name("pattern") or parameter
            if target.type == "identifier":
                self.scopes[scope].names[self.text(target)] = [binding]
            elif target.type == "object_pattern" and binding.kind != "argument":
                path = binding.text + "[]" if binding.kind == "element" else binding.text
                self.unpack(target, path, scope, binding.line)

    def _signature(self, node: Node, definition: Definition) -> None:
        """Fill in a function's parameters, modifiers and return type."""
        definition.parameters = self._parameters(node, definition.body_scope)
        definition.annotation = self.type_text(node.child_by_field_name("return_type"))
        modifiers = []
        for child in node.children:
            kind = child.type
            if kind == "async":
                definition.is_async = True
            elif kind == "*":
                definition.is_generator = True
            elif kind in _MODIFIERS:
                modifiers.append(self.text(child))
            elif kind == "formal_parameters":
                break
        definition.is_generator = definition.is_generator or node.type.startswith("generator")
        definition.modifiers = tuple(modifiers)
        self._type_parameters(node, definition.body_scope)

    def _type_parameters(self, node: Node, scope: int) -> None:
        """`<T extends Base>`: kept apart from values, as `<T>`."""
        parameters = node.child_by_field_name("type_parameters")
        for child in parameters.named_children if parameters else ():
            constraint = child.child_by_field_name("constraint")
            text = self.text(constraint.named_children[0]) if constraint and constraint.named_children else ""
            binding = Binding("type", text) if text else Binding("unknown")
            self.scopes[scope].names[f"<{self.text(child.child_by_field_name('name'))}>"] = [binding]

    def _bind_this(self, node: Node, definition: Definition, frame: Frame, is_method: bool) -> None:
        names = self.scopes[definition.body_scope].names
        if node.type == "arrow_function" or "this" in names:
            return
        outer = self.scopes[frame.scope]
        if outer.kind == "class":
            names["this"] = [Binding("class" if "static" in definition.modifiers else "self")]
        elif outer.kind == "object":
            names["this"] = [Binding("value", f"{{{frame.scope}}}")]
        elif not is_method:
            names["this"] = [Binding("unknown")]

    def _parameters(self, node: Node, scope: int) -> tuple[Parameter, ...]:
        lone = node.child_by_field_name("parameter")
        if lone is not None:
            self.bind(scope, self.text(lone), Binding("unknown"))
            return (Parameter(self.text(lone)),)
        parameters = node.child_by_field_name("parameters")
        found = [self._parameter(child, scope) for child in (parameters.named_children if parameters else ())]
        return tuple([p for p in found if p])

    def _parameter(self, node: Node, scope: int) -> Parameter | None:
        """Read one parameter, and bind its names."""
        if node.type == "comment":
            return None
        pattern = node.child_by_field_name("pattern") or node.child_by_field_name("left") or node
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        annotation = self.type_text(node.child_by_field_name("type"))
        line = node.start_point[0] + 1
        optional = value is not None or node.type == "optional_parameter"
        if pattern.type == "rest_pattern" and pattern.named_children:
            name = self.text(pattern.named_children[0])
            self.bind(scope, name, Binding("type", annotation) if annotation else Binding("value", "Array()"))
            return Parameter(name, "*", annotation)
        if pattern.type in ("identifier", "this"):
            name = self.text(pattern)
            for binding in self.values(value, annotation, 0):
                self.bind(scope, name, binding)
            if any(c.type in ("accessibility_modifier", "readonly") for c in node.children):
                self._parameter_property(name, node, annotation, scope)
            return None if name == "this" else Parameter(name, "", annotation, optional)
        if pattern.type in ("object_pattern", "array_pattern"):
            self.unpack(pattern, f"({annotation})" if annotation else "?", scope, line)
            return Parameter(" ".join(self.text(pattern).split())[:80], "", annotation, optional)
        return None

    def _parameter_property(self, name: str, node: Node, annotation: str, scope: int) -> None:
        """`constructor(private name: Type)` declares a field."""
        holder = self.scopes[scope].parent
        at = node.child_by_field_name("pattern") or node
        frame = Frame(0, 0, holder, self.scopes[holder].definition)
        modifiers = tuple([self.text(c) for c in node.children if c.type in _MODIFIERS])
        self.variable("field", name, at, node, frame, annotation, modifiers)
        self.bind(holder, name, Binding("type", annotation) if annotation else Binding("unknown"))

    def _class(self, node: Node, _nodes: Any, frame: Frame) -> None:
        given = self.named.pop(node.id, None)
        name_node = node.child_by_field_name("name")
        name, at, kind, whole = given or (self.text(name_node), name_node or node, "class", node)
        body = node.child_by_field_name("body")
        definition = self.define("class", name or "class", at, whole, frame, "class")
        binding = Binding("definition", str(len(self.definitions) - 1), "", definition.start_line)
        if kind == "export":
            self._settle(str(node.id), binding)
        if name and not (kind == "export" and name == "default") and (given or node.type != "class"):
            self.bind(frame.scope, name, binding)
        definition.decorators = self._decorators(node)
        definition.bases = self._bases(node)
        self._type_parameters(node, definition.body_scope)
        definition.modifiers = ("abstract",) if node.type.startswith("abstract") else ()
        self.enter(node, body.start_byte if body else node.end_byte, definition, False)

    def _bases(self, node: Node) -> tuple[str, ...]:
        found: list[str] = []
        for child in node.named_children:
            if child.type not in ("class_heritage", "extends_type_clause"):
                continue
            for clause in child.named_children:
                if clause.type == "extends_clause":
                    found.extend(self.path(c) for c in clause.named_children if c.type != "type_arguments")
                elif clause.type == "implements_clause":
                    found.extend(self.type_name(c) for c in clause.named_children)
                elif child.type == "extends_type_clause":
                    found.append(self.type_name(clause))
                else:
                    found.append(self.path(clause))
        return tuple(found)

    def type_name(self, node: Node) -> str:
        """Return a type's name without its arguments; those of `Pick<Order, ...>` tell what it is."""
        if node.type == "generic_type" and self.text(node.child_by_field_name("name")) in _PARTS:
            return f"({self.text(node)})"
        return self.text(node.child_by_field_name("name") if node.type == "generic_type" else node)

    def _decorators(self, node: Node) -> tuple[str, ...]:
        """Return the decorators before a definition and in its node."""
        own = [c for c in node.named_children if c.type == "decorator"]
        self.seen_decorators.update(c.id for c in own)
        found = [*self.decorators, *[self.path(c.named_children[0]) for c in own if c.named_children]]
        self.decorators = []
        return tuple(found)

    def _decorator(self, node: Node, _nodes: Any, _frame: Frame) -> None:
        if node.id not in self.seen_decorators and node.named_children:
            self.decorators.append(self.path(node.named_children[0]))

    def _field(self, node: Node, _nodes: Any, frame: Frame) -> None:
        name_node = node.child_by_field_name("name") or node.child_by_field_name("property")
        name = self.key(name_node)
        if name_node is None or not name:
            return
        value = node.child_by_field_name("value")
        annotation = self.type_text(node.child_by_field_name("type"))
        if value is not None and value.type in FUNCTIONS:
            self.named[value.id] = (name, name_node, "method", node)
            return
        modifiers = tuple([self.text(c) for c in node.children if c.type in _MODIFIERS])
        index = self.variable("field", name, name_node, node, frame, annotation, modifiers)
        decorators = self._decorators(node)
        if index >= 0:
            self.definitions[index].decorators = decorators
        for binding in self.values(value, annotation, node.start_point[0] + 1):
            self.bind(frame.scope, name, binding)
