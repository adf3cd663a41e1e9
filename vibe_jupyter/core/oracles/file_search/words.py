"""From a sentence to the words that matter, and from a word to what all its forms begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vibe_jupyter.core.words import EMPTY_WORDS, QUESTION_WORDS, compound_parts, stem

__all__ = ["Query", "Term", "fold", "is_telling", "parse_query", "parts_of", "words_of"]

_PHRASE = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|`([^`\n]+)`')
_WORD = re.compile(r"\w+(?:['\u2019]\w+)?")
_MAX_TERMS = 8
# fmt: off
_STOP_WORDS = EMPTY_WORDS | QUESTION_WORDS | {
    "all", "any", "anything", "been", "being", "but", "called", "code", "contain", "containing",
    "contains", "defined", "done", "file", "files", "find", "get", "give", "grep", "has", "have",
    "here", "implemented", "into", "isn", "its", "line", "lines", "list", "locate", "located", "look",
    "looking", "mention", "mentioned", "mentions", "named", "occurrences", "place", "places", "project",
    "repo", "repository", "search", "show", "some", "tell", "their", "there", "these", "they", "those",
    "us", "use", "used", "uses", "whose", "why", "will",
}
# fmt: on
"""What one asks for code with says nothing of it: `which file contains`."""
_KELVIN = "\N{KELVIN SIGN}"
_FINAL_SIGMA, _SIGMA = "\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}"


@dataclass(frozen=True)
class Term:
    """A word to look for.

    Args:
        word: the word in the case that is searched for; of a phrase, all of it.
        stem: what is left of it without its ending; "" for a phrase.
        needle: what all forms of the word begin with; a line without it does not match.
        typed: the word as it was typed.
    """

    word: str
    stem: str
    needle: str
    typed: str

    @property
    def is_phrase(self) -> bool:
        """Whether it is looked for as it stands."""
        return not self.stem


@dataclass(frozen=True)
class Query:
    """What a free text asks for: phrases (all must be there) and words (the more the better)."""

    terms: tuple[Term, ...]
    compounds: tuple[str, ...]
    """The words that were written as one, e.g. `connect_timeout`: a line with the whole is better."""


def parse_query(text: str, *, case_sensitive: bool = False) -> Query:
    """Take a free text apart; without a letter or digit there are no terms.

    >>> [term.needle for term in parse_query("where is the login handled?").terms]
    ['login', 'handl']
    >>> [term.word for term in parse_query('find "connection refused" in getUserName').terms]
    ['connection refused', 'user', 'name']
    """
    phrases = [phrase for match in _PHRASE.finditer(text) if (phrase := match[match.lastindex or 0].strip())]
    written = words_of(_PHRASE.sub(" ", text))
    kept = _telling(written) or ([] if phrases else written)
    parts = {word: parts_of(word) for word in kept}
    words = [part for word in kept for part in parts[word]]
    terms = [_phrase(phrase, case_sensitive) for phrase in phrases]
    terms += [_term(word, case_sensitive) for word in _telling(words) or words]
    compounds = [word if case_sensitive else fold(word) for word in kept if len(parts[word]) > 1]
    by_word = {term.word: term for term in reversed(terms)}
    return Query(tuple(reversed(by_word.values()))[:_MAX_TERMS], tuple(compounds))


def words_of(text: str) -> list[str]:
    """Return the words of a text as they stand; of `isn't`, the first part.

    >>> words_of("isn't load_all() there?")
    ['isn', 'load_all', 'there']
    """
    return [re.split(r"['\u2019]", word)[0] for word in _WORD.findall(text)]


def is_telling(word: str) -> bool:
    """Return whether a word says what is looked for, unlike `where`, `find` or `the`."""
    return word.lower() not in _STOP_WORDS


def parts_of(word: str) -> list[str]:
    """Return what camelCase and snake_case put together.

    >>> parts_of("load_userName")
    ['load', 'user', 'Name']
    """
    return [part for piece in word.split("_") if piece for part in compound_parts(piece) or [piece]]


def fold(text: str) -> str:
    """Return `text` in lower case with every character in its place, so that positions stay true.

    What is not ASCII stays so (the sign for kelvin is no k), and a letter does not depend on its neighbours
    (as Greek's final sigma does).
    """
    lower = text.lower()
    if len(lower) != len(text) or _KELVIN in text:
        kept = (c if len(c.lower()) > 1 or c.lower().isascii() != c.isascii() else c.lower() for c in text)
        lower = "".join(kept)
    return lower.replace(_FINAL_SIGMA, _SIGMA)


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if is_telling(word)]


def _phrase(phrase: str, case_sensitive: bool) -> Term:
    word = phrase if case_sensitive else fold(phrase)
    return Term(word, "", word, phrase)


def _term(typed: str, case_sensitive: bool) -> Term:
    word = typed if case_sensitive else fold(typed)
    stemmed = stem(word)
    return Term(word, stemmed, stemmed.removesuffix("i") if stemmed != word else word, typed)
