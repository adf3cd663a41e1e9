"""Which names a search takes, by globs written as in `.gitignore`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["name_filter"]


def name_filter(include: list[str], exclude: list[str]) -> Callable[[str], bool]:
    """Return whether a path relative to the root is included (all are, if nothing is) and not excluded.

    >>> takes = name_filter(["*.py"], ["tests/"])
    >>> [takes(name) for name in ("a.py", "src/b.py", "tests/c.py", "a.js")]
    [True, True, False, False]

    Raises:
        InvalidInput: `file_search.bad_glob`.
    """
    if not include and not exclude:
        return lambda _: True
    is_included, is_excluded = _matches_any(include), _matches_any(exclude)
    return lambda name: (not include or is_included(name)) and not is_excluded(name)


def _matches_any(globs: Iterable[str]) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    specs: list[GitIgnoreSpec] = []
    for glob in globs:
        try:
            specs.append(GitIgnoreSpec.from_lines([glob.removeprefix("./")]))
        except (ValueError, re.error) as error:
            raise InvalidInput(
                f"{glob!r} is not a glob",
                code="file_search.bad_glob",
                hint="write it as in .gitignore: *.py, src/**/*.ts, tests/",
            ) from error
    return lambda name: any(spec.match_file(name) for spec in specs)
