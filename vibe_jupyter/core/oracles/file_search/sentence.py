"""Find the place in a sentence such as `search for connect_timeout in src`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import NotFound

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.oracles.base import Context

__all__ = ["named_place"]

_PLACE = re.compile(
    r"""(?P<query>.*\S)\s+(?:in|inside|under|within)\s+(?:the\s+)?(?:file\s+|folder\s+|directory\s+)?
    (?:"(?P<quoted>[^"]+)"|`(?P<ticked>[^`]+)`|(?P<plain>[^\s"`]+?))
    (?:\s+(?:file|folder|directory))?\s*[?!.]*\s*""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def named_place(
    context: Context, sentence: str, but_not: frozenset[str] = frozenset()
) -> tuple[str, Path] | None:
    """Return what comes before `in <place>`, and the place, if the sentence ends so and it exists.

    Args:
        context: resolves the place.
        sentence: what a person typed.
        but_not: words that are no place in such a sentence, in lower case.

    Raises:
        NotFound: `path.not_found`, where a place with a slash in it is missing; else it was a word.
        Forbidden: `path.outside_root`.
    """
    found = _PLACE.fullmatch(sentence)
    if found is None:
        return None
    place = found["quoted"] or found["ticked"] or found["plain"]
    if not place.strip("./") or place.lower() in but_not:
        return None
    try:
        return found["query"], context.resolve(place)
    except NotFound:
        if "/" in place:
            raise
        return None
