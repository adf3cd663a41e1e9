"""From text to words: what is indexed beside a text, and a query that FTS5's operators never see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.words import EMPTY_WORDS, QUESTION_WORDS, compound_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["all_words_match", "any_word_match", "text_of"]

_WORD = re.compile(r"[^\W_]+")
_MAX_TERMS = 64
_STOP_WORDS = EMPTY_WORDS | QUESTION_WORDS | {"task", "tasks"}


def all_words_match(query: str) -> str | None:
    """Return an FTS5 expression for texts with every word of `query`; None if there is no word in it.

    What is written without a space is a phrase: `src/auth.py` wants these three words side by side.

    >>> all_words_match('the getUser OR "x')
    '("getUser" OR ("get" AND "User")) AND "x"'
    """
    terms = _terms(query)
    return " AND ".join(_term_match(term) for term in terms) if terms else None


def any_word_match(query: str) -> str | None:
    """Return an FTS5 expression for texts with at least one word of `query`.

    >>> any_word_match("file.search login")
    '"file" OR "search" OR "login"'
    """
    words = [word for term in _terms(query) for word in (*_WORD.findall(term), *compound_parts(term))]
    return " OR ".join(_quoted(word) for word in dict.fromkeys(words)) or None


def text_of(value: Any, limit: int) -> str:
    """Return the scalars in a JSON value as one line of at most about `limit` characters.

    >>> text_of({"query": "login", "paths": ["a.py", 3]}, 100)
    'login · a.py · 3'
    """
    found: list[str] = []
    length = 0
    for scalar in _scalars(value):
        text = _clean(str(scalar)[: limit - length])
        if text:
            found.append(text)
            length += len(text)
        if length >= limit:
            break
    return " · ".join(found)


def _terms(query: str) -> list[str]:
    terms = [term for term in _clean(query).split() if _WORD.search(term)]
    telling = [term for term in terms if term.strip("?!.,;:()'\"").lower() not in _STOP_WORDS]
    return list(dict.fromkeys(telling or terms))[:_MAX_TERMS]


def _term_match(term: str) -> str:
    parts = compound_parts(term)
    if not parts:
        return _quoted(term)
    return f"({_quoted(term)} OR ({' AND '.join(_quoted(part) for part in parts)}))"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', " ").strip() + '"'


def _clean(text: str) -> str:
    """Return text that SQLite takes and that cannot forge our markers."""
    text = text.encode("utf-8", "replace").decode().replace("\x00", " ").replace("⟦", "[").replace("⟧", "]")
    return " ".join(text.split())


def _scalars(value: Any) -> Iterable[Any]:
    """Walk without recursion, since a result may be nested deeper than Python's stack."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list | tuple):
            waiting.extend(reversed(item))
        elif item is not None and not isinstance(item, bool):
            yield item
