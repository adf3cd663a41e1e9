"""Which lines and names hold the words of a query, in which form, and what that is worth."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.file_search.matching import Hit, lines_with, occurrences, plain_bytes
from vibe_jupyter.core.oracles.file_search.words import Term, fold, parse_query
from vibe_jupyter.core.words import stem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.oracles.file_search.schemas import Span

__all__ = ["WordsMatcher"]

_AS_TYPED = 1.0
_OTHER_CASE = 0.95
_OTHER_FORM = 0.9
_BEGINNING = 0.6
"""The word begins a longer one: `login` in `loginpage`."""
_INSIDE = 0.3
_IN_PATH_ONLY = 0.2
_DEFINED = 1.5
_NAME = 1.5
_WHOLE = 1.2

_REST_OF_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W_A-Z]+|[A-Z]+")
_DEFINITION = re.compile(
    r"\s*(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub|declare)\s+)*"
    r"(?:def|class|function\*?|func(?:\s*\([^)]*\))?|fn|fun|interface|struct|enum|trait|type|module|namespace"
    r"|const|let|var)\s+(\w+)"
)
_MAX_SPANS_OF_A_TERM = 20
_stem = functools.lru_cache(maxsize=4096)(stem)


class WordsMatcher:
    """Lines with words of a query, also as parts of longer names; where it has phrases, with all of these."""

    def __init__(self, query: str, *, case_sensitive: bool) -> None:
        parsed = parse_query(query, case_sensitive=case_sensitive)
        self.terms: tuple[str, ...] = tuple(term.word for term in parsed.terms)
        self._terms = parsed.terms
        self._compounds = parsed.compounds
        self._phrases = tuple(term.word for term in parsed.terms if term.is_phrase)
        self._needles = self._phrases[:1] or tuple(term.needle for term in parsed.terms)
        self._prefilters = tuple(plain_bytes(needle) for needle in self._needles)
        self._case_sensitive = case_sensitive

    def may_be_in(self, content: bytes) -> bool:
        """See `Matcher`."""
        folded = content if self._case_sensitive else content.lower()
        return any(needle in folded for needle in self._prefilters)

    def candidates(self, text: str) -> Iterator[Span]:
        """See `Matcher`."""
        return lines_with(self._needles, self._folded(text))

    def line_hit(self, line: str) -> Hit | None:
        """See `Matcher`."""
        folded = self._folded(line)
        if not all(phrase in folded for phrase in self._phrases):
            return None
        spans: list[Span] = []
        qualities = tuple(self._find(term, line, folded, spans) for term in self._terms)
        if not spans:
            return None
        spans = _merged(spans)
        factor = _WHOLE if any(compound in folded for compound in self._compounds) else 1.0
        if (definition := _DEFINITION.match(line)) is not None:
            name_start, name_end = definition.span(1)
            if any(start < name_end and end > name_start for start, end in spans):
                factor *= _DEFINED
        return Hit(qualities, spans, factor)

    def name_hit(self, path: str) -> Hit | None:
        """Match the whole path, of which at least one word must be in the bare name."""
        hit = self.line_hit(path) if self._is_in(path) else None
        if hit is None or hit.spans[-1][1] <= path.rfind("/") + 1:
            return None
        return Hit(hit.qualities, hit.spans, hit.factor * _NAME)

    def path_qualities(self, path: str) -> tuple[float, ...] | None:
        """See `Matcher`."""
        if not self._is_in(path):
            return None
        folded = self._folded(path)
        return tuple(_IN_PATH_ONLY * self._find(term, path, folded, []) for term in self._terms)

    def _is_in(self, text: str) -> bool:
        folded = self._folded(text)
        return any(term.needle in folded for term in self._terms)

    def _folded(self, text: str) -> str:
        return text if self._case_sensitive else fold(text)

    def _find(self, term: Term, line: str, folded: str, spans: list[Span]) -> float:
        """Add to `spans` where a term is, and return the best quality of these; 0 if there are none."""
        best = 0.0
        for start in occurrences(term.needle, folded, at_most=_MAX_SPANS_OF_A_TERM):
            quality, end = _quality(term, line, folded, start)
            if quality:
                spans.append((start, end))
                best = max(best, quality)
        return best


def _quality(term: Term, line: str, folded: str, start: int) -> tuple[float, int]:
    """Return how well the word that has the needle of `term` at `start` fits, and where the match ends."""
    end = start + len(term.word)
    if term.is_phrase:
        return _AS_TYPED, end
    is_literal = folded.startswith(term.word, start)
    if _begins_a_part(line, start):
        rest = _REST_OF_PART.match(line, start)
        part = folded[start : rest.end()] if rest is not None else ""
        if part == term.word:
            return (_AS_TYPED if line.startswith(term.typed, start) else _OTHER_CASE), end
        if part and _stem(part) == term.stem:
            return _OTHER_FORM, start + len(part)
        return (_BEGINNING if is_literal else 0.0), end
    return (_INSIDE if is_literal else 0.0), end


def _begins_a_part(line: str, start: int) -> bool:
    """Return whether a part of a name begins here, as `h` in `login_handler`, `Handler` or `loginHandler`."""
    if start == 0:
        return True
    before, char = line[start - 1], line[start]
    if not before.isalnum():
        return True
    if char.isupper():
        return not before.isupper() or line[start + 1 : start + 2].islower()
    return before.isdigit() and not char.isdigit()


def _merged(spans: list[Span]) -> list[Span]:
    """Return the spans in order, those that touch or overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
