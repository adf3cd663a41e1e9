"""Find the path in a sentence such as `what is in "my data/sales.csv"?`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import NotFound

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.oracles.base import Context

__all__ = ["candidate_paths", "find_path"]

_QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'|`([^`]+)`|“([^”]+)”|«([^»]+)»")
_LOOKS_LIKE_A_FILE = re.compile(r"[^/\\]\.[A-Za-z][A-Za-z0-9]{0,9}$|[/\\]")
_AROUND = "\"'`“”«»()[]{}<>,;:!?"
_MAX_WORDS_IN_A_PATH = 8


def find_path(context: Context, text: str) -> Path:
    """Return the file or folder that a path, or a sentence with a path in it, means.

    Raises:
        NotFound: `path.not_found`; about the likeliest part of the sentence.
        Forbidden: `path.outside_root`.
    """
    missing: list[NotFound] = []
    for candidate in candidate_paths(text) or [text]:
        try:
            return context.resolve(candidate)
        except NotFound as error:
            missing.append(error)
    raise missing[1] if len(missing) > 1 else missing[0]


def candidate_paths(text: str) -> list[str]:
    """Return what `text` may mean as a path: the whole first, then its parts, the likeliest first.

    The parts are what stands in quotes, then each word that looks like a file with, for names with spaces,
    up to seven words before it.

    >>> candidate_paths("data/events.parquet")
    ['data/events.parquet']
    >>> candidate_paths('what is in "my sales.csv"?')[1]
    'my sales.csv'
    >>> candidate_paths("profile my sales.csv, please")[1:4]
    ['sales.csv', 'my sales.csv', 'profile my sales.csv']
    """
    whole = text.strip()
    candidates = [whole]
    candidates += [
        next(group for group in match.groups() if group).strip() for match in _QUOTED.finditer(whole)
    ]
    words = whole.split()
    for end, raw in enumerate(words):
        last = _trimmed(raw)
        if not _LOOKS_LIKE_A_FILE.search(last):
            continue
        for start in range(end, max(-1, end - _MAX_WORDS_IN_A_PATH), -1):
            candidates.append(_trimmed(" ".join([*words[start:end], raw])))
    return [candidate for candidate in dict.fromkeys(candidates) if candidate]


def _trimmed(word: str) -> str:
    return word.strip(_AROUND).rstrip(".") if word not in (".", "..") else word
