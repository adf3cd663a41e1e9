"""Definitions, imports, bases and calls of a source file, out of one tree-sitter query: the same for many languages.

A language brings its query and reads its import statements; the names of the query's captures say what a node is.

Those that stand for a node: `class`, `interface`, `enum`, `type`, `namespace`, `function`, `method`, `field`,
`variable`, each with its `@name`; `part` (more of a class that is defined elsewhere), `base` (what the class around
it inherits from), `declared` (a method of it that is defined elsewhere), `parameter` and `local`, with `@name`, and
`@of` (its type) or `@value`; `call` and `new`, with the called `@name`; `macro`; `import`; `attribute`; `wrapper`
(it begins before the definition that it ends with). A method that stands outside of its class has the class as
`@owner`, or in its name (`Order::total`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from vibe_jupyter.core.kg.extract.facts import (
    Binding,
    BindingKind,
    Call,
    Definition,
    DefinitionKind,
    FileFacts,
    Import,
    Parameter,
    Scope,
)
from vibe_jupyter.core.kg.extract.outline_paths import LONGEST, path_of, type_of
from vibe_jupyter.core.kg.extract.outline_values import LONGEST_TYPE, declared_name, given
from vibe_jupyter.core.kg.extract.problems import problems_of
from vibe_jupyter.core.kg.extract.typescript_comments import comment_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node, Parser, Query

    Nodes = dict[str, list[Node]]

__all__ = ["PART", "USED_NAMESPACE", "Frame", "Outline"]

PART = "part"
"""Modifier of a namespace that holds what a file adds to a class of another file."""

USED_NAMESPACE = "namespace "
"""Begins a star of a scope that is a namespace, not a module: all names of it are seen."""

_TYPES: dict[str, DefinitionKind] = {
    "class": "class",
    "interface": "interface",
    "enum": "enum",
    "type": "type",
    "namespace": "namespace",
}


class Frame(NamedTuple):
    """A definition that is open: up to the byte `end`, with its body from `body`."""

    end: int
    body: int
    scope: int
    definition: int
    name_start: int = 0


@cache
def _compiled(grammar: str, query: str) -> tuple[Parser, Query]:
    import tree_sitter

    language = tree_sitter.Language(import_module(grammar).language())
    return tree_sitter.Parser(language), tree_sitter.Query(language, query)


class Outline(ABC):
    """Reads one file.

    Args:
        source: its bytes.
    """

    grammar: ClassVar[str]
    query: ClassVar[str]
    members_in_scope: ClassVar[bool] = True
    """Whether a method's body sees the members of its class by their names alone."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.definitions: list[Definition] = []
        self.scopes = [Scope("module", -1, -1)]
        self.calls: list[Call] = []
        self.imports: list[Import] = []
        self.frames = [Frame(len(source) + 1, 0, 0, -1)]
        self._attributes: list[Node] = []
        self._wrappers: dict[int, int] = {}  # from the end of a definition to where it really begins
        self._later: dict[str, tuple[str, Node, Node]] = {}  # types by name, until they are read
        self._ahead: dict[int, int] = {}  # definitions made before their turn, by their first byte
        self._parts: dict[str, int] = {}

    @abstractmethod
    def read_import(self, node: Node, frame: Frame) -> None:
        """Read an import statement: `add_import`, and what it binds: `bind`."""

    @classmethod
    def extract(cls, language: str, source: bytes) -> FileFacts:
        """Return the facts of a file; one with syntax errors gives what could be read, and `problems`."""
        import tree_sitter

        source = cls.prepared(source)
        parser, query = _compiled(cls.grammar, cls.query)
        root = parser.parse(source).root_node
        facts = cls(source)._read(language, tree_sitter.QueryCursor(query).matches(root))
        if root.has_error:
            facts.problems.extend(problems_of(root))
        return facts

    @classmethod
    def prepared(cls, source: bytes) -> bytes:
        """Return what is parsed, with every byte in its place: for what a grammar cannot read."""
        return source

    def text(self, node: Node) -> str:
        """Return a node's text."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def add_import(self, module: str, name: str, node: Node) -> None:
        """Note an import of a module, or of a name from it."""
        self.imports.append(Import(module, name, node.start_point[0] + 1))

    def bind(
        self, scope: int, name: str, kind: BindingKind, text: str = "", member: str = "", line: int = 0
    ) -> None:
        """Give a name one more meaning in a scope."""
        self.scopes[scope].names.setdefault(name, []).append(Binding(kind, text, member, line))

    def path(self, text: str, frame: Frame) -> str:
        """Return what the text of an expression names."""
        return path_of(text)

    def _read(self, language: str, matches: list[tuple[int, Nodes]]) -> FileFacts:
        found = []
        for number, (pattern, nodes) in enumerate(matches):
            role = next(name for name in nodes if name in _HANDLERS)
            node = nodes[role][0]
            found.append((node.start_byte, pattern, number, role, node, nodes))
            if role in _TYPES and role != "namespace":
                named = nodes["name"][0]
                self._later.setdefault(self.text(named), (role, node, named))
        found.sort(key=lambda each: each[:3])  # the stack needs source order
        frames = self.frames
        for start, _pattern, _number, role, node, nodes in found:
            while frames[-1].end <= start:
                frames.pop()
            _HANDLERS[role](self, role, node, nodes, frames[-1])
        source = self.source
        return FileFacts(
            language,
            source.count(b"\n") + (not source.endswith(b"\n") and bool(source)),
            "",
            self.definitions,
            self.scopes,
            self.calls,
            self.imports,
        )

    # --- definitions ---

    def _define(
        self, kind: DefinitionKind, node: Node, name: str, named: Node, parent: int, scope: int
    ) -> Definition:
        start = self._wrappers.get(node.end_byte, node.start_byte)
        decorators, first = self._decorators(start)
        documentation = comment_before(self.source, start)
        if not documentation and first < start:
            documentation = comment_before(self.source, first)
        row, column = named.start_point
        definition = Definition(
            kind,
            name,
            parent,
            scope,
            min(node.start_point[0], row) + 1,
            node.end_point[0] + (node.end_point[1] > 0 or node.end_point[0] == node.start_point[0]),
            row + 1,
            column,
            documentation=documentation,
            decorators=decorators,
        )
        self.definitions.append(definition)
        return definition

    def _decorators(self, start: int) -> tuple[tuple[str, ...], int]:
        """Return the attributes that stand directly before a definition, and where they begin."""
        attributes, self._attributes = self._attributes, []
        texts: list[str] = []
        for node in reversed(attributes):
            between = self.source[node.end_byte : start]
            if between.strip() and not between.lstrip().startswith(b"//"):
                break
            texts.append(self.text(node).lstrip("#@[").removesuffix("]"))
            start = node.start_byte
        return tuple(reversed(texts)), start

    def _type(self, role: str, node: Node, nodes: Nodes, frame: Frame) -> None:
        named = nodes["name"][0]
        if frame.end == node.end_byte and frame.name_start == named.start_byte:
            return  # two patterns of a query fit the same
        for name in path_of(self.text(named)).split("."):  # `namespace shop::inner` opens two
            index = self._ahead.pop(node.start_byte, -1)
            if index < 0:
                index = self._open(role, node, named, name, self.frames[-1])
            if "of" in nodes:
                self.definitions[index].annotation = self.text(nodes["of"][0])[:LONGEST_TYPE]
            scope = self.definitions[index].body_scope
            self.frames.append(Frame(node.end_byte, node.start_byte, scope, index, named.start_byte))

    def _open(self, role: str, node: Node, named: Node, name: str, frame: Frame) -> int:
        """Make a type with its scope, or open a namespace once more; returns its index."""
        if role == "namespace":
            for binding in self.scopes[frame.scope].names.get(name, ()):
                if binding.kind == "definition" and self.definitions[int(binding.text)].kind == "namespace":
                    return int(binding.text)
        index = len(self.definitions)
        definition = self._define(_TYPES[role], node, name, named, frame.definition, frame.scope)
        definition.body_scope = len(self.scopes)
        self.scopes.append(Scope("module" if role == "namespace" else "class", frame.scope, index))
        self.bind(frame.scope, name, "definition", str(index))
        return index

    def _part(self, _role: str, node: Node, nodes: Nodes, frame: Frame) -> None:
        owner = self._owner(self.text(nodes["name"][0]), node, frame)
        if owner < 0:
            return
        for base in nodes.get("trait", ()):
            self._add_base(owner, base)
        self.frames.append(Frame(node.end_byte, node.start_byte, self.definitions[owner].body_scope, owner))

    def _owner(self, text: str, node: Node, frame: Frame) -> int:
        """Return the class that a text names: of this file, or what stands for one of another file."""
        name = type_of(text).rpartition(".")[2]
        if not name:
            return -1
        scope = frame.scope
        while scope >= 0:
            for binding in self.scopes[scope].names.get(name, ()):
                if binding.kind == "definition":
                    index = int(binding.text)
                    if self.definitions[index].kind in _TYPES:
                        return index
            scope = self.scopes[scope].parent
        if name in self._later:
            role, later, named = self._later.pop(name)
            index = self._open(role, later, named, name, frame)
            self._ahead[later.start_byte] = index
            return index
        known = self._parts.get(name)
        if known is None:
            known = self._parts[name] = len(self.definitions)
            part = self._define("namespace", node, name, node, frame.definition, frame.scope)
            part.modifiers = (PART,)
            part.decorators = ()
            part.documentation = ""
            part.body_scope = len(self.scopes)
            self.scopes.append(Scope("class", frame.scope, known))
            self.scopes[0].attributes.setdefault(name, []).append((0, Binding("definition", str(known))))
        return known

    def _function(self, role: str, node: Node, nodes: Nodes, frame: Frame) -> None:
        named = nodes["name"][0]
        if frame.name_start == named.start_byte and frame.end == node.end_byte:
            return
        name = self.text(named)
        qualifier, _, last = name.rpartition("::")
        owner = nodes["owner"][0] if "owner" in nodes else None
        parent, scope = frame.definition, frame.scope
        is_method = role == "method" or self.scopes[scope].kind == "class"
        if qualifier or owner:
            of = self._owner(self.text(owner) if owner else qualifier, node, frame)
            name = last
            if of >= 0:
                parent, scope, is_method = of, self.definitions[of].body_scope, True
        index = len(self.definitions)
        name = self.name_of_function(" ".join(name.split()), node)
        definition = self._define("method" if is_method else "function", node, name, named, parent, scope)
        if "returns" in nodes:
            definition.annotation = self.text(nodes["returns"][0])[:LONGEST_TYPE]
        is_constructor = parent >= 0 and name == self.definitions[parent].name
        if not is_constructor:  # a call by the class's name means the class
            self.bind(scope, name, "definition", str(index))
        definition.body_scope = len(self.scopes)
        around = scope
        if not self.members_in_scope:
            while self.scopes[around].kind == "class":
                around = self.scopes[around].parent
        self.scopes.append(Scope("function", around, index))
        body = node.child_by_field_name("body")
        start = body.start_byte if body else node.end_byte
        self.frames.append(Frame(node.end_byte, start, definition.body_scope, index, named.start_byte))

    def name_of_function(self, name: str, node: Node) -> str:
        """Return the name under which a function is called."""
        return name

    def _value(self, role: str, node: Node, nodes: Nodes, frame: Frame) -> None:
        name = declared_name(self.text(nodes["name"][0]))
        if name in ("", "_") or self.scopes[frame.scope].kind == "function":
            return
        index = len(self.definitions)
        definition = self._define(
            "field" if role == "field" else "variable",
            node,
            name,
            nodes["name"][0],
            frame.definition,
            frame.scope,
        )
        if "of" in nodes:
            definition.annotation = self.text(nodes["of"][0])[:LONGEST_TYPE]
        self.bind(frame.scope, name, "definition", str(index))

    # --- what belongs to a definition ---

    def _base(self, _role: str, node: Node, _nodes: Nodes, frame: Frame) -> None:
        if frame.definition >= 0 and self.definitions[frame.definition].kind in _TYPES:
            self._add_base(frame.definition, node)

    def _add_base(self, index: int, node: Node) -> None:
        base = type_of(self.text(node)[:LONGEST_TYPE])
        definition = self.definitions[index]
        if base and base not in definition.bases:
            definition.bases = (*definition.bases, base)

    def _attribute(self, _role: str, node: Node, _nodes: Nodes, frame: Frame) -> None:
        if node.start_byte < frame.name_start:  # inside the definition it belongs to
            definition = self.definitions[frame.definition]
            definition.decorators = (*definition.decorators, self.text(node).lstrip("@"))
        else:
            self._attributes.append(node)

    def _wrapper(self, _role: str, node: Node, _nodes: Nodes, _frame: Frame) -> None:
        self._wrappers[node.end_byte] = node.start_byte

    def _local(self, role: str, node: Node, nodes: Nodes, frame: Frame) -> None:
        if self.scopes[frame.scope].kind != "function":
            return
        named = nodes["name"][0] if "name" in nodes else None
        name = declared_name(self.text(named)) if named else ""
        declared = self.text(nodes["of"][0])[:LONGEST_TYPE] if "of" in nodes else ""
        line = node.start_point[0] + 1
        if role == "parameter" and node.start_byte < frame.body:
            definition = self.definitions[frame.definition]
            if name:
                definition.parameters = (*definition.parameters, Parameter(name, "", declared))
        names = self.scopes[frame.scope].names
        if name in ("", "_") or (name in names and names[name][0].line == line):
            return
        of = type_of(declared)
        if of and of not in ("var", "auto"):
            self.bind(frame.scope, name, "type", of, line=line)
        else:
            kind, text = given(nodes["value"][0]) if "value" in nodes else ("unknown", "")
            self.bind(frame.scope, name, kind, text, line=line)

    def _declared(self, _role: str, _node: Node, nodes: Nodes, frame: Frame) -> None:
        name = self.text(nodes["name"][0])
        if self.scopes[frame.scope].kind == "class" and name not in self.scopes[frame.scope].names:
            self.bind(frame.scope, name, "unknown")

    # --- calls ---

    def _call(self, role: str, node: Node, nodes: Nodes, frame: Frame) -> None:
        # Where the name comes after a nested call, a query would keep all of them open: each costs more than the last.
        named = nodes["name"][0] if "name" in nodes else node.child_by_field_name("name")
        if named is None:
            return
        start = node.start_byte if role == "call" else named.start_byte
        self.add_call(start, named.end_byte, named, frame, "!" if role == "macro" else "")

    def add_call(self, start: int, end: int, named: Node, frame: Frame, mark: str = "") -> None:
        """Note a call of what stands between two bytes, where the last name is that of the node."""
        is_cut = end - start > LONGEST
        text = self.source[end - LONGEST if is_cut else start : end].decode("utf-8", "replace")
        path = self.path(text, frame)
        if is_cut:
            path = f"?.{path.rpartition('.')[2]}"
        name = path.rpartition(".")[2]
        row, column = named.end_point
        self.calls.append(
            Call(frame.scope, frame.definition, path + mark, row + 1, max(0, column - len(name.encode())))
        )


_HANDLERS: dict[str, Callable[[Outline, str, Node, Nodes, Frame], None]] = {
    **dict.fromkeys(_TYPES, Outline._type),
    **dict.fromkeys(("field", "variable"), Outline._value),
    **dict.fromkeys(("function", "method"), Outline._function),
    **dict.fromkeys(("parameter", "local"), Outline._local),
    **dict.fromkeys(("call", "new", "macro"), Outline._call),
    PART: Outline._part,
    "base": Outline._base,
    "declared": Outline._declared,
    "attribute": Outline._attribute,
    "wrapper": Outline._wrapper,
    "import": lambda reader, _role, node, _nodes, frame: reader.read_import(node, frame),
}
