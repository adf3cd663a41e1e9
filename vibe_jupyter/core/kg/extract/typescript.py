"""JavaScript, JSX, TypeScript and TSX source as facts: one query, matches in source order, a stack of scopes.

Blocks have no scope of their own: a name means what was last bound to it above, as far as its function reaches.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import tree_sitter

from vibe_jupyter.core.kg.extract.facts import Binding, Call, FileFacts, Import, is_in_function
from vibe_jupyter.core.kg.extract.problems import problems_of
from vibe_jupyter.core.kg.extract.typescript_comments import comment_of_file
from vibe_jupyter.core.kg.extract.typescript_expressions import FUNCTIONS, Frame
from vibe_jupyter.core.kg.extract.typescript_types import Types

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    Handler = Callable[[Node, dict[str, list[Node]], Frame], None]

__all__ = ["extract_typescript"]

_PATTERNS = {
    "(call_expression function: (_) @function) @node": "_call",
    "(new_expression constructor: (_) @function) @node": "_new",
    "(variable_declarator) @node": "_declarator",
    "(arrow_function) @node": "_function",
    "(function_declaration) @node": "_function",
    "(function_expression) @node": "_function",
    "(generator_function) @node": "_function",
    "(generator_function_declaration) @node": "_function",
    "(method_definition) @node": "_function",
    "(return_statement (_) @value) @node": "_return",
    "(assignment_expression) @node": "_assignment",
    "(object) @node": "_object",
    "(class_declaration) @node": "_class",
    "(class) @node": "_class",
    "(import_statement) @node": "_import",
    "(export_statement) @node": "_export",
    "(for_in_statement) @node": "_for",
    "(decorator) @node": "_decorator",
    "(pair value: [(arrow_function) (function_expression) (generator_function)] @value) @node": "_pair",
    '(binary_expression operator: "instanceof") @node': "_narrow",
}
_JSX = {
    "(jsx_opening_element name: (_) @function) @node": "_element",
    "(jsx_self_closing_element name: (_) @function) @node": "_element",
}
_TYPES = {
    "(abstract_class_declaration) @node": "_class",
    "(public_field_definition) @node": "_field",
    "(interface_declaration) @node": "_interface",
    "(type_alias_declaration) @node": "_alias",
    "(enum_declaration) @node": "_enum",
    "(internal_module) @node": "_namespace",
    "(module) @node": "_namespace",
    "(function_signature) @node": "_overload",
    "(method_signature) @node": "_overload",
    "(abstract_method_signature) @node": "_overload",
    "(import_alias) @node": "_import_alias",
}
_GRAMMARS: dict[str, dict[str, str]] = {
    "javascript": {**_PATTERNS, **_JSX, "(field_definition) @node": "_field"},
    "typescript": {**_PATTERNS, **_TYPES},
    "tsx": {**_PATTERNS, **_TYPES, **_JSX},
}


@cache
def _grammar(language: str) -> tuple[tree_sitter.Parser, tree_sitter.Query, tuple[str, ...]]:
    if language == "javascript":
        import tree_sitter_javascript

        loaded = tree_sitter.Language(tree_sitter_javascript.language())
    else:
        import tree_sitter_typescript as grammars

        loaded = tree_sitter.Language(
            grammars.language_tsx() if language == "tsx" else grammars.language_typescript()
        )
    patterns = _GRAMMARS[language]
    query = tree_sitter.Query(loaded, "\n".join(patterns))
    return tree_sitter.Parser(loaded), query, tuple(patterns.values())


def extract_typescript(source: bytes, language: str = "typescript") -> FileFacts:
    """Return the facts of a file; one with syntax errors gives what could be read, and `problems`.

    Args:
        source: the file's bytes, UTF-8.
        language: `javascript` (with JSX), `typescript` or `tsx`.
    """
    parser, query, handlers = _grammar(language)
    root = parser.parse(source).root_node
    reader = _Reader(source)
    reader.read(tree_sitter.QueryCursor(query).matches(root), handlers)
    facts = FileFacts(
        language,
        source.count(b"\n") + (not source.endswith(b"\n") and bool(source)),
        comment_of_file(source),
        reader.definitions,
        reader.scopes,
        reader.calls,
        reader.imports,
        exports=reader.exports,
    )
    if root.has_error:
        facts.problems.extend(problems_of(root))
    return facts


_SHORTEST_FUNCTION = len("(_=>0)")


class _Reader(Types):
    def read(self, matches: list[tuple[int, dict[str, list[Node]]]], names: tuple[str, ...]) -> None:
        handlers: list[Handler] = [getattr(self, name) for name in names]
        found = [(nodes["node"][0], pattern, nodes) for pattern, nodes in matches]
        found.sort(key=_by_position)
        frames = self.frames
        for node, pattern, nodes in found:
            start = node.start_byte
            while frames[-1].end <= start:
                frames.pop()
            frame = frames[-1]
            if start < frame.body:  # a decorator, a base class: evaluated outside
                frame = frames[-2]
            self.frame = frame
            handlers[pattern](node, nodes, frame)

    def _call(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        function = nodes["function"][0]
        kind = function.type
        if kind == "import" or (kind == "identifier" and self.is_require(function)):
            module = self.required(function, node.child_by_field_name("arguments"))
            if module:
                late = kind == "import" or is_in_function(self.scopes, frame.scope)
                self.imports.append(Import(module, "", node.start_point[0] + 1, late))
            if kind == "import":
                return
        callee = self._site(function, kind, frame)
        if callee and self._passes_functions(function.end_byte, node.end_byte):
            self.pass_to(callee, node.child_by_field_name("arguments"))

    def _new(self, node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        function = nodes["function"][0]
        callee = self._site(function, function.type, frame)
        if callee and self._passes_functions(function.end_byte, node.end_byte):
            self.pass_to(callee, node.child_by_field_name("arguments"))

    def _passes_functions(self, start: int, end: int) -> bool:
        """Whether there may be a function among a call's arguments: most have none, and need no look at the tree."""
        source = self.source
        if end - start < _SHORTEST_FUNCTION:
            return False
        return source.find(b"=>", start, end) >= 0 or source.find(b"function", start, end) >= 0

    def _element(self, _node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        """`<Order .../>` calls the component; `<div>` is no name of ours."""
        name = nodes["function"][0]
        if name.type != "identifier" or self.text(name)[:1].isupper():
            self._site(name, name.type, frame)

    def _site(self, function: Node, kind: str, frame: Frame) -> str:
        """Note a call, where it is of a name."""
        while kind in ("non_null_expression", "parenthesized_expression") and function.named_children:
            function = function.named_children[0]
            kind = function.type
        at = function
        if kind == "member_expression":
            callee, simple = self.member(function)
            if simple:  # of ASCII: its last name is as long as it looks
                row, end = function.end_point
                self.calls.append(
                    Call(
                        frame.scope,
                        frame.definition,
                        callee,
                        row + 1,
                        end - len(callee) + callee.rfind(".") + 1,
                    )
                )
                return callee
            at = function.child_by_field_name("property") or function
        elif kind in ("identifier", "super"):
            callee = self.text(function)
        else:
            return ""
        row, column = at.start_point
        self.calls.append(Call(frame.scope, frame.definition, callee, row + 1, column))
        return callee

    def _return(self, _node: Node, nodes: dict[str, list[Node]], frame: Frame) -> None:
        if frame.returning < 0:
            return
        definition = self.definitions[frame.returning]
        if definition.annotation:
            return
        value = nodes["value"][0]
        if value.type in FUNCTIONS:
            return
        paths = [p for p in self.paths(value) if p not in definition.returns and p != "null"]
        if paths and len(definition.returns) < 6:
            definition.returns += tuple(paths)

    def _object(self, node: Node, _nodes: Any, frame: Frame) -> None:
        """Fill the scope of an object literal whose contents are asked for, or that has methods."""
        index = self.objects.get(node.id)
        if index is None:
            if not any(c.type == "method_definition" for c in node.named_children):
                return
            index = self.object_scope(node)
        scope = self.scopes[index]
        line = node.start_point[0] + 1
        for child in node.named_children:
            if child.type == "shorthand_property_identifier":
                name = self.text(child)
                self.bind(index, name, Binding("value", name, "", 0))
            elif child.type == "spread_element" and child.named_children:
                scope.stars.append(self.path(child.named_children[0]))
            elif child.type == "pair":
                name, value = self.key(child.child_by_field_name("key")), child.child_by_field_name("value")
                if value is not None and value.type not in FUNCTIONS:
                    for binding in self.values(value, "", line):
                        self.bind(index, name, binding)
        definition = scope.definition if scope.definition >= 0 else frame.definition
        self.frames.append(Frame(node.end_byte, node.start_byte, index, definition, frame.returning))

    def _pair(self, node: Node, nodes: dict[str, list[Node]], _frame: Frame) -> None:
        key = node.child_by_field_name("key")
        name = self.key(key)
        if key is not None and name:
            self.named[nodes["value"][0].id] = (name, key, "property", node)


def _by_position(found: tuple[Node, int, Any]) -> int:
    return found[0].start_byte
