"""TypeScript types as they are written: `Promise<Order | null>`, `(a: X) => Y`, `typeof make`, `{a: X; f(): Y}`."""

from __future__ import annotations

import re
from functools import lru_cache

from vibe_jupyter.core.kg.resolve.annotations import TypeExpression

__all__ = ["parse_type"]

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_$#][\w$]*(?:\s*\.\s*[A-Za-z_$][\w$]*)*)"
    r"|(?P<string>'[^']*'|\"[^\"]*\"|`[^`]*`)|(?P<number>-?\d[\w.]*)"
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<mark>=>|\.\.\.|\S))",
    re.DOTALL,
)
_CLOSING = {"(": ")", "<": ">", "[": "]", "{": "}"}
_KEYWORDS = ("readonly", "unique", "abstract", "infer", "asserts")
_UNKNOWN = TypeExpression("unknown")
_STRING = TypeExpression("string")


@lru_cache(maxsize=50_000)
def parse_type(text: str) -> TypeExpression:
    """Return a type's structure; `unknown` where it cannot be followed.

    `|`, `&`, `[]`, `tuple`, `=>` (what a function gives, then its parameters), `typeof`, `[...]` (an indexed type) and
    `{a b}` (an object's members) stand as names of what is composed.

    Example:
        >>> parse_type("Promise<Order[]>").arguments[0].name
        '[]'
    """
    try:
        return _Parser(text).union()
    except (IndexError, RecursionError):
        return _UNKNOWN


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = [
            (m.lastgroup or "", m[m.lastgroup or 0])
            for m in _TOKEN.finditer(text)
            if m.lastgroup != "comment"
        ]
        self.at = 0

    def mark(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def union(self) -> TypeExpression:
        if self.mark() in ("|", "&"):
            self.at += 1
        sides = [self.postfix()]
        combined = "|"
        while self.mark() in ("|", "&"):
            combined = self.mark()
            self.at += 1
            sides.append(self.postfix())
        if self.mark() == "extends":  # a conditional type: either of its results
            return self._conditional()
        if self.mark() == "is":  # a type predicate
            self.at += 1
            self.union()
            return TypeExpression("boolean")
        return sides[0] if len(sides) == 1 else TypeExpression(combined, tuple(sides))

    def _conditional(self) -> TypeExpression:
        self.at += 1
        self.union()
        results = []
        for mark in ("?", ":"):
            if self.mark() != mark:
                return _UNKNOWN
            self.at += 1
            results.append(self.union())
        return TypeExpression("|", tuple(results))

    def postfix(self) -> TypeExpression:
        found = self.one()
        while self.mark() == "[":
            self.at += 1
            if self.mark() == "]":
                found = TypeExpression("[]", (found,))
            else:
                kind, text = self.tokens[self.at]
                self.union()
                name = text[1:-1] if kind == "string" else text if kind == "number" else "?"
                found = TypeExpression("[...]", (found, TypeExpression(name)))
            self.at += 1
        return found

    def one(self) -> TypeExpression:
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "string":
            return _STRING
        if kind == "number":
            return TypeExpression("number")
        if kind == "name":
            return self._name(text)
        if text == "(":
            return self._parenthesis()
        if text == "[":
            return TypeExpression("tuple", tuple(self._list("]")))
        if text == "{":
            return self._object()
        if text == "<":  # a generic function type
            self.at -= 1
            self._skip()
            return self.one()
        return _UNKNOWN

    def _name(self, text: str) -> TypeExpression:
        if text in _KEYWORDS:
            return self.one()
        if text == "keyof":
            self.postfix()
            return _STRING
        if text == "typeof":
            name = self.tokens[self.at][1]
            self.at += 1
            if self.mark() == "<":
                self._skip()
            return TypeExpression("typeof", (TypeExpression(re.sub(r"\s", "", name)),))
        if text == "new":
            return self.one()
        if text == "import" and self.mark() == "(":
            module = self.tokens[self.at + 1][1][1:-1]
            self._skip()
            name = ""
            if self.mark() == ".":
                name = self.tokens[self.at + 1][1]
                self.at += 2
            return TypeExpression("import", (TypeExpression(module), TypeExpression(name)))
        name = re.sub(r"\s", "", text)
        if self.mark() == "<":
            self.at += 1
            return TypeExpression(name, tuple(self._list(">")))
        return TypeExpression(name)

    def _list(self, closing: str) -> list[TypeExpression]:
        found = []
        while self.mark() and self.mark() != closing:
            if self.mark() == "...":
                self.at += 1
            if (
                self.mark(1) in (":", "?") and self.tokens[self.at][0] == "name"
            ):  # named: of a tuple, a parameter
                self.at += 3 if self.mark(1) == "?" and self.mark(2) == ":" else 2
                if self.mark() == closing:
                    break
            found.append(self.union())
            while self.mark() and self.mark() not in (",", closing):
                self.at += 1
            if self.mark() == ",":
                self.at += 1
        self.at += 1
        return found

    def _parenthesis(self) -> TypeExpression:
        """Read a function type, or a type in parentheses."""
        start = self.at
        self.at -= 1
        self._skip()
        after = self.at
        if self.mark() == "=>":
            self.at = start
            takes_this = self.mark() == "this" and self.mark(1) == ":"
            parameters = self._list(")")[takes_this:]
            self.at = after + 1
            return TypeExpression("=>", (self.union(), *parameters))
        self.at = start
        inner = self.union()
        self.at = after
        return inner

    def _skip(self) -> None:
        """Go past a bracket and all that is in it."""
        opening = self.tokens[self.at][1]
        closing = _CLOSING[opening]
        depth = 0
        while True:
            text = self.tokens[self.at][1]
            self.at += 1
            depth += (text == opening) - (text == closing)
            if depth == 0:
                return

    def _object(self) -> TypeExpression:
        names: list[str] = []
        types: list[TypeExpression] = []
        while self.mark() and self.mark() != "}":
            kind, name = self.tokens[self.at]
            if name in (";", ",", "+", "-"):
                self.at += 1
                continue
            if name in ("readonly", "get", "set") and self.mark(1) not in (":", "?", "("):
                self.at += 1
                continue
            if kind in ("name", "string"):
                self.at += 1
            elif name in _CLOSING:  # an index or call signature
                self._skip()
                name += _CLOSING[name]
            else:
                raise IndexError(name)
            names.append(name.strip("'\"").replace(" ", "_"))
            types.append(self._member())
        self.at += 1
        return TypeExpression("{" + " ".join(names) + "}", tuple(types))

    def _member(self) -> TypeExpression:
        is_method = False
        while self.mark() in ("?", "-", "+"):
            self.at += 1
        while self.mark() in ("<", "("):
            is_method = is_method or self.mark() == "("
            self._skip()
        if self.mark() != ":":
            while self.mark() and self.mark() not in (";", ",", "}"):
                self.at += 1
            return _UNKNOWN
        self.at += 1
        found = self.union()
        return TypeExpression("=>", (found,)) if is_method else found
