"""A predictive parser for `grammar`: it finds the first token that cannot be, and what could have stood there.

The engine names neither well: it reports the end of the longest word it tried. A parsed text also knows where its rules
stand, which is how an update is taken apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from vibe_jupyter.core.kg.store.grammar import AGGREGATES, FUNCTIONS, GRAMMAR
from vibe_jupyter.core.kg.store.tokens import Token, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Node", "Unexpected", "parse"]


class Unexpected(Exception):
    """A token that cannot stand where it stands."""

    def __init__(self, token: Token, expected: list[str], keywords: list[str]) -> None:
        super().__init__(f"expected {expected}, found {token.shown}")
        self.token = token
        self.expected = expected
        """In words, the most telling first."""
        self.keywords = keywords
        """The keywords among it, and among what it begins with."""


@dataclass
class Node:
    """A rule as it was found in a text."""

    rule: str
    children: list[Node | Token] = field(default_factory=list)

    @property
    def tokens(self) -> Iterator[Token]:
        """All its tokens."""
        for child in self.children:
            if isinstance(child, Token):
                yield child
            else:
                yield from child.tokens

    def find(self, rule: str) -> Iterator[Node]:
        """All nodes of a rule below it, outermost first."""
        for child in self.children:
            if isinstance(child, Node):
                if child.rule == rule:
                    yield child
                yield from child.find(rule)

    @property
    def start(self) -> int:
        """The offset of its first token."""
        return next(self.tokens).start

    @property
    def end(self) -> int:
        """The offset behind its last token."""
        *_, last = self.tokens
        return last.end


# A part of a rule: (operator, parts). Names are ("name", text), words and kinds ("token", text).
Part = tuple[str, "tuple[Part, ...] | str"]


@dataclass(frozen=True)
class _Rule:
    part: Part
    label: str | None


def parse(text: str, rule: str) -> Node:
    """Parse a text as `Query` or `Update`.

    Raises:
        Unexpected: at the first token that cannot be.
    """
    parser = _Parser(tokens_of(text))
    try:
        return parser.run(rule)
    except RecursionError:
        raise Unexpected(parser.token, ["less nesting"], []) from None


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._expected: list[Part] = []

    def run(self, rule: str) -> Node:
        node = Node(rule)
        self._parse(_rules()[rule].part, node)
        return node

    @property
    def token(self) -> Token:
        """The token that is looked at."""
        return self._tokens[self._position]

    def _parse(self, part: Part, node: Node) -> None:
        kind, inner = part
        if kind == "token":
            if not _fits(str(inner), self.token):
                self._fail(part)
            node.children.append(self.token)
            if self.token.kind != "END":
                self._position += 1
            self._expected.clear()
        elif kind == "name":
            self._rule(str(inner), part, node)
        elif kind == "sequence":
            for one in _parts(part):
                self._parse(one, node)
        elif kind == "choice":
            self._choose(part, node)
        else:  # ? * +
            self._repeat(kind, _parts(part)[0], node)

    def _rule(self, name: str, part: Part, node: Node) -> None:
        if not self._can_begin(part) and not _is_optional(part):
            self._fail(part)
        child = Node(name)
        node.children.append(child)
        self._parse(_rules()[name].part, child)

    def _choose(self, part: Part, node: Node) -> None:
        for one in _parts(part):
            if self._can_begin(one):
                self._parse(one, node)
                return
        for one in _parts(part):
            if _is_optional(one):
                self._parse(one, node)
                return
        self._fail(part)

    def _repeat(self, kind: str, one: Part, node: Node) -> None:
        if kind == "+" or self._can_begin(one):
            self._parse(one, node)
            while kind != "?" and self._can_begin(one):
                self._parse(one, node)
        if kind != "?" or not self._can_begin(one):
            self._expect(one)

    def _can_begin(self, part: Part) -> bool:
        return any(_fits(first, self.token) for first in _first(part))

    def _expect(self, part: Part) -> None:
        self._expected.append(part)

    def _fail(self, part: Part) -> None:
        self._expect(part)
        labels = dict.fromkeys(label for part in self._expected for label in _labels(part))
        firsts = {first for part in self._expected for first in _first(part)}
        raise Unexpected(
            self.token, sorted(labels, key=_rank), [first[1:-1] for first in firsts if first[1:-1].isupper()]
        )


def _fits(wanted: str, token: Token) -> bool:
    if wanted[0] == "'":
        text = wanted[1:-1]
        if token.kind == "WORD":
            return token.text == "a" if text == "a" else token.text.upper() == text
        return token.kind == "SIGN" and token.text == text
    if wanted == "FUNCTION":
        return token.kind == "WORD" and token.text.upper() in FUNCTIONS
    if wanted == "AGGREGATE":
        return token.kind == "WORD" and token.text.upper() in AGGREGATES
    return token.kind == wanted


@cache
def _rules() -> dict[str, _Rule]:
    rules: dict[str, _Rule] = {}
    for text in re.split(r"\n(?=\w)", GRAMMAR.strip()):
        name, _, body = text.partition("=")
        body, _, label = body.partition("#")
        words = re.findall(r"'[^']+'|\w+|[()|?*+]", body)
        rules[name.strip()] = _Rule(_choice(words), label.strip() or None)
    return rules


def _choice(words: list[str]) -> Part:
    options = [_sequence(words)]
    while words and words[0] == "|":
        words.pop(0)
        options.append(_sequence(words))
    return options[0] if len(options) == 1 else ("choice", tuple(options))


def _sequence(words: list[str]) -> Part:
    parts: list[Part] = []
    while words and words[0] not in ("|", ")"):
        word = words.pop(0)
        part: Part
        if word == "(":
            part = _choice(words)
            words.pop(0)
        else:
            part = ("token" if word[0] == "'" or word.isupper() else "name", word)
        if words and words[0] in ("?", "*", "+"):
            part = (words.pop(0), (part,))
        parts.append(part)
    return parts[0] if len(parts) == 1 else ("sequence", tuple(parts))


def _parts(part: Part) -> tuple[Part, ...]:
    inner = part[1]
    assert isinstance(inner, tuple)
    return inner


@cache
def _is_optional(part: Part) -> bool:
    kind, inner = part
    if kind == "token":
        return False
    if kind == "name":
        return _is_optional(_rules()[str(inner)].part)
    if kind == "sequence":
        return all(map(_is_optional, _parts(part)))
    if kind == "choice":
        return any(map(_is_optional, _parts(part)))
    return kind != "+" or _is_optional(_parts(part)[0])


@cache
def _first(part: Part) -> tuple[str, ...]:
    """Return the tokens that a part can begin with."""
    kind, inner = part
    if kind == "token":
        return (str(inner),)
    if kind == "name":
        return _first(_rules()[str(inner)].part)
    found: dict[str, None] = {}
    for one in _parts(part):
        found.update(dict.fromkeys(_first(one)))
        if kind == "sequence" and not _is_optional(one):
            break
    return tuple(found)


@cache
def _labels(part: Part) -> tuple[str, ...]:
    """Return what a person is told a part begins with."""
    kind, inner = part
    if kind == "token":
        word = str(inner).strip("'")
        return (_NAMES.get(str(inner), word if word.isalpha() else f'"{word}"'),)
    if kind == "name":
        rule = _rules()[str(inner)]
        return (rule.label,) if rule.label else _labels(rule.part)
    found: dict[str, None] = {}
    for one in _parts(part):
        found.update(dict.fromkeys(_labels(one)))
        if kind == "sequence" and not _is_optional(one):
            break
    return tuple(found)


def _rank(label: str) -> int:
    """Say what a person can do most with first: things, closing signs, keywords, and operators last."""
    if " " in label:
        return 0
    return 1 if label in ('"{"', '"}"', '"("', '")"', '"."') else 2 if label.isalpha() else 3


_NAMES = {
    "IRI": "an IRI in <>", "PNAME": "a prefix such as code:", "VAR": "a variable", "STRING": "a string",
    "NUMBER": "a number", "BLANK": "a blank node", "LANG": "a language tag", "FUNCTION": "a function",
    "AGGREGATE": "an aggregate", "END": "the end",
}  # fmt: skip
