"""Find the known word that a mistyped one was meant to be."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from vibe_jupyter.core.words import stem

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Spelling"]

_SHORTEST = 4
_SHORTEST_WITH_ANOTHER_LETTER = 6
_LONGEST = 32


class Spelling:
    """Known words, found under one slip: a letter too many, too few, swapped with the next, or another one.

    Looks the words up by what is left when one letter is dropped (the idea of SymSpell, W. Garbe 2012), so
    a look-up costs as many steps as the word has letters, however many words are known. Short words may not
    have another letter in them: `mode` is not `code`.

    >>> Spelling(["which", "parquet"]).correct("wich")
    'which'
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._known = frozenset(words)
        self._stems = frozenset(map(stem, self._known))  # `name` is not a mistyped `named`
        self._shortened: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._known):
            if _SHORTEST <= len(word) <= _LONGEST:
                for key in _shortenings(word):
                    self._shortened[key].append(word)

    def correct(self, word: str) -> str | None:
        """Return the known word one slip away; `word` itself if a form of it is known, None if none is near."""
        if word in self._known or stem(word) in self._stems:
            return word
        if not _SHORTEST <= len(word) <= _LONGEST:
            return None
        candidates = {found for key in _shortenings(word) for found in self._shortened.get(key, ())}
        near = [candidate for candidate in candidates if _is_one_slip(word, candidate)]
        return min(near, key=lambda candidate: (candidate[0] != word[0], candidate), default=None)


def _shortenings(word: str) -> list[str]:
    return [word, *dict.fromkeys(word[:at] + word[at + 1 :] for at in range(len(word)))]


def _is_one_slip(typed: str, known: str) -> bool:
    if len(typed) != len(known):
        return abs(len(typed) - len(known)) == 1
    different = [at for at, (left, right) in enumerate(zip(typed, known, strict=True)) if left != right]
    if len(different) == 1:
        return len(known) >= _SHORTEST_WITH_ANOTHER_LETTER
    first, last = different[0], different[-1]
    return len(different) == 2 and last == first + 1 and typed[first] == known[last]
