"""From a sentence to the words that matter, and from a word to what all its forms begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vibe_jupyter.core.oracles.task_search.words import compound_parts

__all__ = ["Query", "Term", "fold", "is_telling", "parse_query", "parts_of", "stem", "words_of"]

_PHRASE = re.compile(r'"([^"\n]+)"|“([^”\n]+)”|`([^`\n]+)`')
_WORD = re.compile(r"\w+(?:['\u2019]\w+)?")
_MAX_TERMS = 8
# fmt: off
_STOP_WORDS = frozenset({
    "a", "about", "all", "an", "and", "any", "anything", "are", "as", "at", "be", "been", "being", "but",
    "by", "called", "can", "code", "contain", "containing", "contains", "could", "defined", "did", "do",
    "does", "done", "file",
    "files", "find", "for", "from", "get", "give", "grep", "has", "have", "here", "how", "i", "implemented",
    "in", "into", "is", "isn", "it", "its", "line", "lines", "list", "locate", "located", "look", "looking",
    "me", "mention", "mentioned", "mentions", "my", "named", "occurrences", "of", "on", "or", "our", "place",
    "places", "please", "project", "repo", "repository", "search", "show", "some", "tell", "that", "the",
    "their", "there", "these", "they", "this", "those", "to", "us", "use", "used", "uses", "was", "we",
    "were", "what", "when", "where", "which", "who", "whose", "why", "will", "with", "would", "you", "your",
})
_ENDINGS = (  # ending, what takes its place, how much of a word must be left
    ("sses", "ss", 2), ("ies", "i", 2), ("ss", "ss", 1), ("us", "us", 2), ("is", "is", 2), ("s", "", 3),
)
_SUFFIXES = (
    ("ing", "", 3), ("ed", "", 3), ("ers", "", 4), ("er", "", 4), ("or", "", 4), ("ment", "", 5),
    ("sion", "s", 4), ("tion", "t", 4), ("e", "", 3), ("y", "i", 2),
)
# fmt: on
_LONG = 7
_KELVIN = "\N{KELVIN SIGN}"
_FINAL_SIGMA, _SIGMA = "\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}"
_VOWEL = re.compile("[aeiouy]")


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


def stem(word: str) -> str:
    """Strip the commonest English endings, so that forms of one word become equal.

    >>> [stem(word) for word in ("handled", "handler", "handles", "handling", "handle")]
    ['handl', 'handl', 'handl', 'handl', 'handl']
    >>> [stem(word) for word in ("queries", "query", "validation", "validates", "class", "classes")]
    ['queri', 'queri', 'valid', 'valid', 'class', 'class']
    >>> [stem(word) for word in ("string", "user", "status", "set", "settings")]
    ['string', 'user', 'status', 'set', 'set']
    """
    if not word.isascii() or not word.isalpha():
        return word
    for ending, instead, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            word = word.removesuffix(ending) + instead
            break
    for suffix, instead, least in _SUFFIXES:
        left = word.removesuffix(suffix)
        if left != word and len(left) >= least and _VOWEL.search(left):
            if suffix == "y" and left[-1] in "aeou":  # deploy, like deployment
                break
            word = left + instead
            if suffix in ("ing", "ed", "er", "ers") and left[-1] == left[-2] and left[-1] not in "lsz":
                word = left[:-1]
            break
    return word.removesuffix("at") if len(word) >= _LONG else word


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
