"""Which lines and names match, and where: what a matcher is, and those for a literal text and a regex."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vibe_jupyter.core.oracles.file_search.words import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vibe_jupyter.core.oracles.file_search.schemas import Span

__all__ = ["Hit", "LiteralMatcher", "Matcher", "RegexMatcher", "lines_with", "occurrences", "plain_bytes"]

_PLAIN = re.compile(r"[A-Za-z0-9_ ]+")
_MAX_SPANS = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """How a line or a name matches.

    Args:
        qualities: for each term how well it is there, in [0, 1].
        spans: where, ascending.
        factor: what the place is worth, e.g. a definition; 1 for an ordinary line.
    """

    qualities: tuple[float, ...]
    spans: list[Span]
    factor: float = 1.0


class Matcher(Protocol):
    """Finds matches in text; `may_be_in` and `candidates` are there for speed and never miss one."""

    terms: tuple[str, ...]

    def may_be_in(self, content: bytes) -> bool:
        """Return False if no line can match in this text as UTF-8, or in JSON that holds the text."""

    def candidates(self, text: str) -> Iterator[Span]:
        """Yield start and end of each line that may match, ascending."""

    def line_hit(self, line: str) -> Hit | None:
        """Return how a line, without its line break, matches."""

    def name_hit(self, path: str) -> Hit | None:
        """Return how the name of a file matches; spans are in `path`."""

    def path_qualities(self, path: str) -> tuple[float, ...] | None:
        """Return what the path of a file adds to the terms that a hit in it lacks; None: nothing."""


class LiteralMatcher:
    """Lines that contain a text as it stands."""

    def __init__(self, query: str, *, case_sensitive: bool) -> None:
        text = query.strip("\r\n")
        self._needle = text if case_sensitive else fold(text)
        self._case_sensitive = case_sensitive
        self._prefilter = plain_bytes(self._needle)
        self.terms: tuple[str, ...] = (self._needle,)

    def may_be_in(self, content: bytes) -> bool:
        """See `Matcher`."""
        return self._prefilter in (content if self._case_sensitive else content.lower())

    def candidates(self, text: str) -> Iterator[Span]:
        """See `Matcher`."""
        return lines_with((self._needle,), self._folded(text))

    def line_hit(self, line: str) -> Hit | None:
        """See `Matcher`."""
        length = len(self._needle)
        starts = occurrences(self._needle, self._folded(line), at_most=_MAX_SPANS)
        spans = [(start, start + length) for start in starts]
        return Hit((1.0,), spans) if spans else None

    def name_hit(self, path: str) -> Hit | None:
        """See `Matcher`."""
        return _name_hit(self.line_hit, path, has_folders="/" in self._needle)

    def path_qualities(self, path: str) -> tuple[float, ...] | None:
        """See `Matcher`."""
        return None

    def _folded(self, text: str) -> str:
        return text if self._case_sensitive else fold(text)


class RegexMatcher:
    """Lines with a match of a regular expression."""

    def __init__(self, regex: re.Pattern[str]) -> None:
        self.terms: tuple[str, ...] = (regex.pattern,)
        self._regex = regex

    def may_be_in(self, content: bytes) -> bool:
        """See `Matcher`."""
        return True

    def candidates(self, text: str) -> Iterator[Span]:
        """See `Matcher`."""
        start, search = 0, self._regex.search
        for line in text.split("\n"):
            end = start + len(line)
            if search(line.removesuffix("\r")) is not None:
                yield start, end
            start = end + 1

    def line_hit(self, line: str) -> Hit | None:
        """See `Matcher`."""
        matches = zip(range(_MAX_SPANS), self._regex.finditer(line), strict=False)
        spans = [match.span() for _, match in matches]
        return Hit((1.0,), [span for span in spans if span[0] < span[1]]) if spans else None

    def name_hit(self, path: str) -> Hit | None:
        """See `Matcher`."""
        return _name_hit(self.line_hit, path, has_folders="/" in self._regex.pattern)

    def path_qualities(self, path: str) -> tuple[float, ...] | None:
        """See `Matcher`."""
        return None


def occurrences(needle: str, text: str, *, at_most: int) -> Iterator[int]:
    """Yield where `needle` begins in `text`, without overlaps."""
    start = text.find(needle)
    while start >= 0 and at_most:
        yield start
        at_most -= 1
        start = text.find(needle, start + len(needle))


def lines_with(needles: tuple[str, ...], text: str) -> Iterator[Span]:
    """Yield start and end of each line that contains a needle, hopping from one to the next."""
    places = {needle: place for needle in needles if (place := text.find(needle)) >= 0}
    while places:
        first = min(places.values())
        start, end = text.rfind("\n", 0, first) + 1, text.find("\n", first)
        end = len(text) if end < 0 else end
        yield start, end
        for needle, place in tuple(places.items()):
            if place >= end:
                continue
            if (place := text.find(needle, end)) < 0:
                del places[needle]
            else:
                places[needle] = place


def plain_bytes(needle: str) -> bytes:
    r"""Return the longest part of `needle` that is the same in a text file and inside a JSON string.

    >>> plain_bytes('say "hello"\n')
    b'hello'
    """
    return max(_PLAIN.findall(needle), key=len, default="").encode()


def _name_hit(line_hit: Callable[[str], Hit | None], path: str, *, has_folders: bool) -> Hit | None:
    """Match the bare name, or the whole path where what is looked for has a slash in it."""
    name_start = 0 if has_folders else path.rfind("/") + 1
    hit = line_hit(path[name_start:])
    if hit is None:
        return None
    return Hit(hit.qualities, [(start + name_start, end + name_start) for start, end in hit.spans])
