"""English words, for all that search by them: which say nothing, what their forms share, what is put together."""

from __future__ import annotations

import re

__all__ = ["EMPTY_WORDS", "QUESTION_WORDS", "compound_parts", "stem"]

# fmt: off
EMPTY_WORDS = frozenset({
    "a", "about", "an", "and", "are", "as", "at", "be", "by", "can", "could", "do", "does", "for",
    "from", "how", "i", "in", "is", "it", "me", "my", "of", "on", "or", "our", "please", "that", "the",
    "this", "to", "was", "we", "were", "what", "with", "would", "you", "your",
})
# fmt: on
"""Words that say nothing anywhere; each search adds those that say nothing in it."""

QUESTION_WORDS = frozenset(["did", "when", "where", "which", "who"])
"""Words that tell what kind of thing is asked for, and nothing of where it stands."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
# fmt: off
_ENDINGS = (  # ending, what takes its place, how much of a word must be left
    ("sses", "ss", 2), ("ies", "i", 2), ("ss", "ss", 1), ("us", "us", 2), ("is", "is", 2), ("s", "", 3),
)
_SUFFIXES = (
    ("ing", "", 3), ("ed", "", 3), ("ers", "", 4), ("er", "", 4), ("or", "", 4), ("ment", "", 5),
    ("sion", "s", 4), ("tion", "t", 4), ("e", "", 3), ("y", "i", 2),
)
# fmt: on
_LONG = 7
_VOWEL = re.compile("[aeiouy]")


def compound_parts(text: str) -> list[str]:
    """Return the parts of the camelCase words in `text`, once each, in order.

    snake_case, dotted and dashed words are already taken apart by the tokenizer.

    >>> compound_parts("getUserName and HTTPServer.load_all")
    ['get', 'User', 'Name', 'HTTP', 'Server']
    """
    if not _CAMEL.search(text):
        return []
    compounds = (word for word in dict.fromkeys(_WORD.findall(text)) if _CAMEL.search(word))
    return list(dict.fromkeys(part for word in compounds for part in _CAMEL.split(word)))


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
