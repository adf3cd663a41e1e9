"""Python annotations as they are written: `Order | None`, `dict[str, "Order"]`, `Annotated[Order, ...]`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["TypeExpression", "parse_annotation"]

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[^\W\d][\w.]*)|(?P<string>'[^']*'|\"[^\"]*\")|(?P<mark>[\[\],|()])|(?P<other>\S))"
)


class TypeExpression(NamedTuple):
    """A type's dotted name with its arguments; a union has the name `|`."""

    name: str
    arguments: tuple[TypeExpression, ...] = ()


@lru_cache(maxsize=20_000)
def parse_annotation(text: str) -> TypeExpression | None:
    """Return the annotation's structure, or None where the text is no type that can be followed.

    Example:
        >>> parse_annotation("list['Order'] | None").arguments[0].arguments[0].name
        'Order'
    """
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = list(_TOKEN.finditer(text))
        self.at = 0

    def parse(self) -> TypeExpression | None:
        try:
            return self._union()
        except (IndexError, RecursionError):
            return None

    def _mark(self) -> str | None:
        return self.tokens[self.at]["mark"] if self.at < len(self.tokens) else None

    def _union(self) -> TypeExpression | None:
        sides = [self._one()]
        while self._mark() == "|":
            self.at += 1
            sides.append(self._one())
        known = tuple(s for s in sides if s is not None)
        if len(known) <= 1:
            return known[0] if known else None
        return TypeExpression("|", known)

    def _one(self) -> TypeExpression | None:
        token = self.tokens[self.at]
        self.at += 1
        if token["mark"] == "(":
            inner = None if self._mark() == ")" else self._union()
            self._skip_to(")")
            return inner
        if token["mark"] == "[":  # Callable[[A, B], C]
            self.at -= 1
            self._arguments()
            return None
        if token["string"]:
            return parse_annotation(token["string"][1:-1])
        name = token["name"]
        if not name:
            return None
        if self._mark() == "[":
            arguments = self._arguments()
            return TypeExpression(name, tuple(a if a is not None else TypeExpression("?") for a in arguments))
        return None if name == "None" else TypeExpression(name)

    def _arguments(self) -> list[TypeExpression | None]:
        self.at += 1
        arguments = []
        while self.at < len(self.tokens) and self._mark() != "]":
            arguments.append(self._union())
            while self.at < len(self.tokens) and self._mark() not in (",", "]"):
                self.at += 1
            if self._mark() == ",":
                self.at += 1
        self.at += 1
        return arguments

    def _skip_to(self, mark: str) -> None:
        while self.at < len(self.tokens) and self._mark() != mark:
            self.at += 1
        self.at += 1
