"""Python source as facts: one tree-sitter query, matches in source order, a stack of scopes.

A walk of the tree in Python costs more than the parse itself; the query's engine visits the nodes in C and hands over
only those that matter.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import tree_sitter
import tree_sitter_python

from vibe_jupyter.core.kg.extract.data_files import DATA_CALLS, DataCall, data_uses
from vibe_jupyter.core.kg.extract.facts import (
    Binding,
    Branch,
    Call,
    Definition,
    FileFacts,
    Parameter,
    Scope,
)
from vibe_jupyter.core.kg.extract.problems import problems_of
from vibe_jupyter.core.kg.extract.python_names import Frame, Names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    Handler = Callable[["_Reader", Node, dict[str, list[Node]], Frame], None]

__all__ = ["extract_python"]

# The order is the meaning: `_HANDLERS` has the same.
_QUERY = """
(call function: (_) @function) @node
(assignment) @node
(function_definition) @node
(return_statement (_) @value) @node
(import_from_statement) @node
(import_statement) @node
(class_definition) @node
(decorated_definition) @node
(for_statement left: (_) @left right: (_) @right) @node
(for_in_clause left: (_) @left right: (_) @right) @node
(with_item value: (as_pattern (_) @value alias: (as_pattern_target) @left)) @node
(except_clause value: (as_pattern (_) @value alias: (as_pattern_target) @left)) @node
(named_expression name: (_) @left value: (_) @right) @node
(global_statement) @node
(nonlocal_statement) @node
(lambda) @node
(yield) @node
(type_alias_statement left: (type) @left right: (type) @value) @node
(if_statement alternative: (_) @branch) @node
(try_statement (except_clause) @branch) @node
"""

_MAX_DOCUMENTATION = 2_000
_OPENS_DOCUMENTATION = frozenset("\"'rRuU#\\")


@cache
def _language() -> tuple[tree_sitter.Parser, tree_sitter.Query]:
    language = tree_sitter.Language(tree_sitter_python.language())
    return tree_sitter.Parser(language), tree_sitter.Query(language, _QUERY)


def extract_python(source: bytes) -> FileFacts:
    """Return the facts of a Python file; one with syntax errors gives what could be read, and `problems`."""
    parser, query = _language()
    if b"\r" in source:  # as CPython reads it: a carriage return ends a line, alone or not
        source = source.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    root = parser.parse(source).root_node
    reader = _Reader(source)
    facts = reader.read(tree_sitter.QueryCursor(query).matches(root))
    facts.branches = _nested(reader.branches)
    facts.data = data_uses(reader, root, reader.data_calls)
    if root.has_error:
        facts.problems.extend(problems_of(root))
    return facts


class _Reader(Names):
    def __init__(self, source: bytes) -> None:
        super().__init__(source)
        self.frames = [Frame(len(source) + 1, 0, 0, -1)]
        self.data_calls: list[DataCall] = []
        self.branches: list[Branch] = []
        self.decorators: dict[int, tuple[str, ...]] = {}  # by the end of the decorated definition

    def read(self, matches: list[tuple[int, dict[str, list[Node]]]]) -> FileFacts:
        # The stack needs source order; matches() gives it, the sort (of an ordered list: cheap) makes it certain.
        found = [
            (nodes["node"][0].start_byte, number, pattern, nodes)
            for number, (pattern, nodes) in enumerate(matches)
        ]
        found.sort()
        frames = self.frames
        for start, _number, pattern, nodes in found:
            while frames[-1].end <= start:
                frames.pop()
            inner = -1
            frame = frames[inner]
            while start < frame.body:  # a default, an annotation, a base class: evaluated outside
                inner -= 1
                frame = frames[inner]
            _HANDLERS[pattern](self, nodes["node"][0], nodes, frame)
        return FileFacts(
            "python",
            self.source.count(b"\n") + (not self.source.endswith(b"\n") and bool(self.source)),
            self._documentation(0, len(self.source)),
            self.definitions,
            self.scopes,
            self.calls,
            self.imports,
        )

    def _function(self, node: Node, _nodes: Any, frame: Frame) -> None:
        outer = self.scopes[frame.scope]
        in_class = outer.kind == "class"
        parts = {child.type: child for child in node.named_children}
        body, returned, parameters = parts.get("block"), parts.get("type"), parts.get("parameters")
        definition = self._define(
            "method" if in_class else "function",
            node,
            parts.get("identifier"),
            frame,
            "function",
            body.start_byte if body else node.end_byte,
        )
        definition.is_async = self.source.startswith(b"async", node.start_byte)
        if returned:
            definition.annotation = self.text(returned)
        scope = self.scopes[definition.body_scope]
        if parameters is None:
            return
        read = []
        names = scope.names
        line = definition.start_line
        for child in parameters.named_children:
            parameter = self._parameter(child)
            if parameter is None:
                continue
            read.append(parameter)
            if parameter.kind:
                binding = Binding("value", "dict()" if parameter.kind == "**" else "tuple()", "", line)
            elif parameter.annotation:
                binding = Binding("type", parameter.annotation, "", line)
            else:
                binding = Binding("unknown", "", "", line)
            names[parameter.name] = [binding]
        definition.parameters = tuple(read)
        if in_class and definition.parameters and "staticmethod" not in definition.decorators:
            first = definition.parameters[0]
            if not first.kind:
                is_class = "classmethod" in definition.decorators or definition.name in (
                    "__new__",
                    "__init_subclass__",
                    "__class_getitem__",
                )
                names[first.name] = [Binding("class" if is_class else "self", "", "", line)]

    def _parameter(self, node: Node) -> Parameter | None:
        kind = node.type
        if kind == "identifier":
            return Parameter(self.text(node))
        if kind == "default_parameter":
            name = node.children[0]
            return Parameter(self.text(name), has_default=True) if name.type == "identifier" else None
        if kind == "typed_default_parameter":
            name, annotation = node.children[0], node.child_by_field_name("type")
            return Parameter(self.text(name), "", self.text(annotation), has_default=True)
        if kind == "typed_parameter":
            children = node.children
            inner = self._parameter(children[0])
            return Parameter(inner.name, inner.kind, self.text(children[-1])) if inner else None
        if kind in ("list_splat_pattern", "dictionary_splat_pattern"):
            mark: Literal["*", "**"] = "*" if kind == "list_splat_pattern" else "**"
            return Parameter(self.text(node.named_children[0]), mark) if node.named_children else None
        return None

    def _class(self, node: Node, _nodes: Any, frame: Frame) -> None:
        parts = {child.type: child for child in node.named_children}
        body, bases = parts.get("block"), parts.get("argument_list")
        start = body.start_byte if body else node.end_byte
        definition = self._define("class", node, parts.get("identifier"), frame, "class", start)
        if bases:
            definition.bases = tuple(
                [
                    self._base(child)
                    for child in bases.named_children
                    if child.type not in ("keyword_argument", "comment")
                ]
            )

    def _base(self, node: Node) -> str:
        if node.type == "subscript":  # Generic[T], list[int]: what is inherited from is the part before
            value = node.child_by_field_name("value")
            return self.path(value)
        return self.path(node)

    def _define(
        self, kind: Any, node: Node, name_node: Node | None, frame: Frame, scope_kind: Any, body: int
    ) -> Definition:
        name = self.text(name_node)
        line = node.start_point[0] + 1
        at = name_node.start_point if name_node else node.start_point
        end_byte = node.end_byte
        index = len(self.definitions)
        self.scopes.append(Scope(scope_kind, frame.scope, index, {}, {}, []))
        definition = Definition(
            kind,
            name,
            frame.definition,
            frame.scope,
            line,
            node.end_point[0] + 1,
            at[0] + 1,
            at[1],
            len(self.scopes) - 1,
            self._documentation(body, end_byte),
            decorators=self.decorators.pop(end_byte, ()),
        )
        self.definitions.append(definition)
        self.bind(frame.scope, name, Binding("definition", str(index), "", line))
        self.frames.append(Frame(end_byte, body, definition.body_scope, index))
        return definition

    def _decorated(self, node: Node, _nodes: Any, _frame: Frame) -> None:
        self.decorators[node.end_byte] = tuple(
            [
                self.path(child.named_children[0])
                for child in node.named_children
                if child.type == "decorator" and child.named_children
            ]
        )

    def _lambda(self, node: Node, _nodes: Any, frame: Frame) -> None:
        parameters = node.child_by_field_name("parameters")
        body = node.child_by_field_name("body")
        if parameters is None or body is None:
            return
        names = {}
        for child in parameters.named_children:
            parameter = self._parameter(child)
            if parameter:
                names[parameter.name] = [Binding("unknown")]
        self.scopes.append(Scope("function", frame.scope, frame.definition, names, {}, []))
        self.frames.append(Frame(node.end_byte, body.start_byte, len(self.scopes) - 1, frame.definition))

    def _documentation(self, start: int, end: int) -> str:
        """Return the string that opens a body, cleaned as `inspect.cleandoc` does it."""
        if start and self.characters[start : start + 1] not in _OPENS_DOCUMENTATION:
            return ""
        found = _DOCUMENTATION.match(self.source, start, end)
        if not found or not _END_OF_STATEMENT.match(self.source, found.end(), end):
            return ""
        text = (found[3] if found[3] is not None else found[4]).decode("utf-8", "replace")
        if "\\" in text and not found[1]:
            text = _ESCAPED.sub(r"\1", text.replace("\\\n", ""))
        return (_without_margin(text) if "\n" in text else text.strip())[:_MAX_DOCUMENTATION]

    def _call(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        function = nodes["function"][0]
        callee = self.path(function)
        name = callee[callee.rfind(".") + 1 :]
        if not name.isidentifier():
            return  # f()(), f[0](): nothing is called by a name
        row, end = function.end_point
        width = len(name) if name.isascii() else len(name.encode())
        self.calls.append(Call(frame.scope, frame.definition, callee, row + 1, end - width))
        if name in DATA_CALLS:
            self.data_calls.append(DataCall(node, function, callee, row + 1, frame.definition))
        if callee == "isinstance":
            self._narrow(node, frame)

    def _return(self, _node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        if frame.definition < 0:
            return
        definition = self.definitions[frame.definition]
        if definition.annotation or definition.kind == "class":
            return
        paths = tuple(
            [p for p in self.paths(nodes["value"][0]) if p not in definition.returns and p != "None"]
        )
        if paths and len(definition.returns) < 6:
            definition.returns += paths

    def _branch(self, node: Node, nodes: dict[str, list[Node]], _frame: Frame) -> None:
        branch = nodes["branch"][0]
        self.branches.append(
            Branch(node.start_point[0] + 1, branch.start_point[0] + 1, branch.end_point[0] + 1)
        )

    def _yield(self, _node: Node, _nodes: Any, frame: Frame) -> None:
        if frame.definition >= 0:
            self.definitions[frame.definition].is_generator = True


def _nested(branches: list[Branch]) -> list[Branch]:
    """Return branches in the order in which they begin, each with the one that it lies in."""
    found: list[Branch] = []
    for branch in sorted(branches, key=lambda each: (each.start_line, -each.end_line)):
        outer = len(found) - 1
        while outer >= 0 and found[outer].end_line < branch.end_line:
            outer = found[outer].outer
        found.append(Branch(branch.statement, branch.start_line, branch.end_line, outer))
    return found


_DOCUMENTATION = re.compile(
    rb"(?:\s|#[^\n]*\n|\\\n)*(?:([rR])|[uU])?(\"\"\"|'''|\"|')"
    rb"(?:(?<=\"\"\"|''')(.*?)\2|((?:[^\n\\]|\\.)*?)\2)",
    re.DOTALL,
)
_END_OF_STATEMENT = re.compile(rb"[ \t]*(?:[#;\n]|\Z)")
_ESCAPED = re.compile(r"\\([\\\"'])")
_MARGIN = re.compile(r"\n( *)[^ \n]")


def _without_margin(text: str) -> str:
    """Do what `inspect.cleandoc` does, which takes a third as long as the parse of a well documented file."""
    text = text[: 4 * _MAX_DOCUMENTATION]  # it is cut in the end: a margin leaves more than a fourth
    if "\t" in text:
        text = text.expandtabs()
    margin = min(_MARGIN.findall(text), default="")
    return text.replace(f"\n{margin}", "\n").strip()


# Functions, not bound methods: a reader that held those would be a cycle, and a build collects none.
_HANDLERS: tuple[Handler, ...] = (
    _Reader._call,
    _Reader._assignment,
    _Reader._function,
    _Reader._return,
    _Reader._import_from,
    _Reader._import,
    _Reader._class,
    _Reader._decorated,
    _Reader._for,
    _Reader._for,
    _Reader._with,
    _Reader._except,
    _Reader._walrus,
    _Reader._outer_names,
    _Reader._outer_names,
    _Reader._lambda,
    _Reader._yield,
    _Reader._type_alias,
    _Reader._branch,
    _Reader._branch,
)
