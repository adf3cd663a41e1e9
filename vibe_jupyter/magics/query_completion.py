"""Completion inside `%%vibe kg query`: prefixes, classes, properties, variables, keywords, and symbols in strings."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Symbols = Callable[[str, str | None], list[str]]

__all__ = ["query_words"]

_QUERY_CELL = re.compile(r"\s*%%vibe\s+kg\s+query\b")
_KEYWORDS = (
    "ASK", "BIND", "CONSTRUCT", "COUNT", "DESCRIBE", "DISTINCT", "EXISTS", "FILTER", "GROUP BY", "HAVING", "LIMIT",
    "MINUS", "NOT EXISTS", "OFFSET", "OPTIONAL", "ORDER BY", "PREFIX", "REGEX", "SELECT", "STRSTARTS", "UNION",
    "VALUES", "WHERE",
)  # fmt: skip
_WORD = re.compile(r"[?$]?[\w:.-]*\Z")
_VARIABLE = re.compile(r"[?$]\w+")
_OPEN_STRING = re.compile(r"""(?:[^"'#<]|<[^<>\s]*>|<|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*+["']([\w./]+)""")
_GRAPH = re.compile(r"--kg-id[ =]([\w.-]+)")


def _no_symbols(_word: str, _kg_id: str | None) -> list[str]:
    return []


def query_words(text: str, cursor: int, symbols: Symbols = _no_symbols) -> tuple[str, list[str]] | None:
    r"""Return the word that ends at the cursor, and what it may become; None outside the body of a query's cell.

    Args:
        text: of the cell.
        cursor: the position in it.
        symbols: gives the names of symbols that may begin with a word, in a graph or in the one generated last.

    >>> query_words("%%vibe kg query\\nSELECT ?f { ?f a code:Fun", 41)
    ('code:Fun', ['code:Function'])
    """
    head, line_end, _ = text.partition("\n")
    if not line_end or cursor <= len(head) or not _QUERY_CELL.match(head):
        return None
    before = text[len(head) + 1 : cursor]
    if string := _OPEN_STRING.fullmatch(before.rpartition("\n")[2]):
        graph = _GRAPH.search(head)
        offered = symbols(string[1], graph[1] if graph else None)
        return string[1], [name for name in dict.fromkeys(offered) if name.startswith(string[1])]
    found = _WORD.search(before)
    word = found[0] if found else ""
    if word[:1] in ("?", "$"):
        rest = before[: len(before) - len(word)] + text[cursor:]
        known = sorted({f"{word[0]}{name[1:]}" for name in _VARIABLE.findall(rest)})
        return word, [name for name in known if name.startswith(word)]
    known = [*_terms(), *_prefixes()]
    if ":" not in word:
        wanted = word.upper()
        known = [*_prefixes(), *(keyword for keyword in _KEYWORDS if keyword.startswith(wanted))]
        return word, [one for one in known if one.startswith(word) or one in _KEYWORDS]
    return word, [one for one in known if one.startswith(word)]


@cache
def _terms() -> tuple[str, ...]:
    """Return the classes and properties of our ontology as one writes them."""
    from vibe_jupyter.core.kg.ontology import turtle

    found = re.findall(r"^(code:\w+) a owl:\w+", turtle("words"), re.MULTILINE)
    return tuple(sorted(set(found)))


@cache
def _prefixes() -> tuple[str, ...]:
    from vibe_jupyter.core.kg.model.names import PREFIXES

    return tuple(f"{name}:" for name in sorted(PREFIXES))
