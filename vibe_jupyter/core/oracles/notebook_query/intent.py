"""What a sentence about notebooks asks for, and the words in it that are not about the asking."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.file_search.words import fold, is_telling, parts_of, words_of
from vibe_jupyter.core.words import stem

if TYPE_CHECKING:
    from vibe_jupyter.core.oracles.notebook_query.schemas import Topic

__all__ = ["Intent", "read_intent", "stems_of"]

_ERROR_NAME = r"[A-Za-z_]\w*(?:Error|Exception|Warning|Interrupt)"
_TOPICS: dict[Topic, re.Pattern[str]] = {
    "stale": re.compile(
        r"\b(?:stale|out-?dated|unexecuted|re-?run|top to bottom|out of (?:order|date|sync)"
        r"|(?:(?:execution|cell|run(?:ning)?) order|order of execution|order)(?: is (?:off|wrong))"
        r"|(?:execution|cell|run(?:ning)?) order|order of execution"
        r"|(?:never|not|\w+n't) (?:been |yet )*(?:executed|run|ran)|changed since)\b",
        re.IGNORECASE,
    ),
    "errors": re.compile(
        rf"\b(?:errors?|exceptions?|fail(?:s|ed|ing|ures?)?|tracebacks?|crash(?:es|ed|ing)?|broken?"
        rf"|rais(?:es?|ed|ing)|(?-i:{_ERROR_NAME}))\b",
        re.IGNORECASE,
    ),
    "imports": re.compile(
        r"\b(?:import(?:s|ed|ing)?|librar(?:y|ies)|packages?|dependenc(?:y|ies)|modules?)\b", re.IGNORECASE
    ),
    "outline": re.compile(
        r"\b(?:outlines?|headings?|sections?|chapters?|structure|toc|(?:table of )?contents)\b",
        re.IGNORECASE,
    ),
}
"""The first that fits is asked for: an `ImportError` is an error."""
_CELLS = re.compile(r"\bcells?\b", re.IGNORECASE)
_KIND = re.compile(r"\b(code|markdown|raw) cells?\b", re.IGNORECASE)
_NAMED = re.compile(r"[\"'`]([^\"'`]+\.ipynb)[\"'`]|([^\s\"'`?!,;]+\.ipynb)\b", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]+"')
_EXACT = re.compile(rf"\bimport(?:s|ing)?\s+([A-Za-z_][\w.]*)|\b({_ERROR_NAME})\b")
_ABOUT_THE_ASKING = frozenset(
    {
        "them",
        "notebook",
        "notebooks",
        "nb",
        "nbs",
        "ipynb",
        "jupyter",
        "cell",
        "cells",
        "output",
        "outputs",
        "across",
    }
    | {
        "many",
        "much",
        "wich",
        "stored",
        "every",
        "each",
        "something",
        "statement",
        "statements",
        "not",
        "never",
        "no",
        "yet",
    }
)


@dataclass(frozen=True)
class Intent:
    """What is asked for.

    Args:
        topic: the kind of rows.
        words: what narrows them, as one text; "" for all.
        is_exact: whether rows without the words are no answer (`which import torch`); else the words are
            passed over where no row has them (`libraries that we need`).
        kind: of the cells.
        notebook: the name or path that the sentence holds.
    """

    topic: Topic
    words: str
    is_exact: bool = False
    kind: str | None = None
    notebook: str | None = None


def read_intent(query: str, topic: Topic | None = None) -> Intent:
    """Read a sentence; `topic` if it is known already.

    >>> read_intent("which notebooks have errors")
    Intent(topic='errors', words='', is_exact=False, kind=None, notebook=None)
    >>> read_intent("which nbs import pandas").words
    'pandas'
    >>> read_intent("show the code cells of eda.ipynb")
    Intent(topic='cells', words='', is_exact=False, kind='code', notebook='eda.ipynb')
    """
    named = _NAMED.search(query)
    text = _NAMED.sub(" ", query)
    kind = _KIND.search(text)
    text = _KIND.sub(" ", text)
    unquoted = _QUOTED.sub(" ", text)
    found = topic or next((name for name, words in _TOPICS.items() if words.search(unquoted)), None)
    exact = _EXACT.search(text) if found in ("errors", "imports") else None
    exact_word = next(filter(None, exact.groups()), "") if exact is not None else ""
    if exact_word and _is_telling(exact_word):
        words, is_exact = exact_word, True
    else:
        rest = text if found is None or found == "cells" else _TOPICS[found].sub(" ", text)
        words, is_exact = _telling_part(rest), False
    if found is None:
        found = "cells" if words or kind or _CELLS.search(text) else "outline"
    return Intent(
        topic=found,
        words=words,
        is_exact=is_exact,
        kind=kind[1].lower() if kind else None,
        notebook=next(filter(None, named.groups())) if named else None,
    )


def _telling_part(text: str) -> str:
    """Return the text without words that are about the asking; quotes stay what they are."""
    return " ".join(
        part for part in re.findall(r'"[^"]+"|\S+', text) if part.startswith('"') or _is_telling(part)
    )


def _is_telling(text: str) -> bool:
    return any(is_telling(word) and fold(word) not in _ABOUT_THE_ASKING for word in words_of(text))


def stems_of(text: str) -> set[str]:
    """Return the stems of the words in a text, of whole names and of their parts."""
    return {stem(fold(part)) for word in words_of(text) for part in (word, *parts_of(word))}
