"""What a search in files is asked for and what it answers."""

from __future__ import annotations

import re
import warnings
from typing import Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from vibe_jupyter.core.errors import InvalidInput

__all__ = [
    "FileMatch",
    "FileSearchInput",
    "FileSearchOutput",
    "SearchMode",
    "SkippedFiles",
    "Span",
    "compiled_regex",
]

SearchMode = Literal["words", "literal", "regex"]
Span = tuple[int, int]

_MIB = 2**20


class FileSearchInput(BaseModel):
    """What to look for, and where."""

    query: str = Field(
        min_length=1,
        max_length=1000,
        description="What to look for, in names and contents. In the mode `words` any sentence: its telling "
        'words count, in any of their forms; a part in "quotes" must be there as it stands; `... in src` '
        "looks in that folder.",
    )
    path: str = Field(
        default=".",
        min_length=1,
        max_length=4096,
        description="The folder or file to search, absolute or relative to the project's root.",
    )
    mode: SearchMode = Field(
        default="words",
        description="`words`: best lines first; `literal`: lines with the query as it stands; `regex`: lines "
        "with a match of this Python regular expression.",
    )
    case_sensitive: bool = Field(default=False, description="Whether A and a differ.")
    include: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="Only files that match one of these globs, as in .gitignore: `*.py`, `src/**/*.ts`.",
    )
    exclude: list[str] = Field(
        default_factory=list, max_length=100, description="No files that match one of these globs: `tests/`."
    )
    limit: int = Field(default=100, ge=1, le=1000, description="How many matches to return at most.")
    hidden: bool = Field(default=False, description="Search names that begin with a dot too.")
    ignored: bool = Field(
        default=False,
        description="Search what .gitignore excludes too; caches and environments are never searched.",
    )
    max_file_bytes: int = Field(
        default=256 * _MIB, ge=1, description="Contents of larger files are skipped; their names count."
    )
    timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="How long a regular expression may take in all, in seconds."
    )

    @field_validator("query")
    @classmethod
    def _is_not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("there is nothing to look for")
        return value

    @model_validator(mode="after")
    def _can_be_looked_for(self) -> FileSearchInput:
        if self.mode == "words" and not re.search(r"[^\W_]", self.query):
            raise InvalidInput(
                f"there is no word in {self.query!r}",
                code="file_search.no_words",
                hint='set mode to "literal" to look for signs',
                errors=[{"loc": ["query"], "msg": "there is no word in it"}],
            )
        if self.mode == "literal" and "\n" in self.query.strip("\n"):
            raise ValueError("a literal query is looked for within one line; take one line of it")
        if self.mode == "regex":
            compiled_regex(self.query, case_sensitive=self.case_sensitive)
        return self


class FileMatch(BaseModel):
    """A line, or the name of a file, that matches."""

    path: str = Field(description="Relative to `root`, POSIX style.")
    line: int | None = Field(description="1-based; in a notebook, within its cell; null for a file's name.")
    preview: str = Field(
        description="The line, or the path, cut to about 200 characters around the match, as plain text."
    )
    score: float = Field(
        description="In (0, 1], higher is better, comparable within one answer only; 1 without a ranking."
    )
    spans: list[Span] = Field(description="Where in `preview` the match is: [start, end) in characters.")
    kind: Literal["content", "name"]
    cell: int | None = Field(default=None, description="0-based index of a notebook's cell.")


class SkippedFiles(BaseModel):
    """How many contents were not searched, and why. Their names were."""

    binary: int = 0
    too_large: int = Field(default=0, description="Larger than `max_file_bytes`, or a notebook over 64 MiB.")
    unreadable: int = Field(default=0, description="Files and folders that could not be opened or read.")


class FileSearchOutput(BaseModel):
    """The matches: of words the best first, otherwise by path and line."""

    query: str = Field(description="What was looked for, without a folder that the query named.")
    mode: SearchMode
    words: list[str] = Field(description="What was taken from the query in the mode `words`.")
    root: str = Field(description="The folder that the paths are relative to; absolute.")
    matches: list[FileMatch]
    total_matches: int = Field(description="Matching lines and names, also those beyond `limit`.")
    truncated: bool = Field(description="Whether there are more than `matches`.")
    files_searched: int = Field(description="Files whose content was searched.")
    files_skipped: SkippedFiles


def compiled_regex(pattern: str, *, case_sensitive: bool) -> re.Pattern[str]:
    """Compile a regular expression of a user's.

    Raises:
        InvalidInput: `file_search.bad_regex`, with `data.position` where it is known.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what this pattern may mean in later Pythons
            return re.compile(pattern, 0 if case_sensitive else re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        position = error.pos if isinstance(error, re.error) else None
        reason = error.msg if isinstance(error, re.error) else "too large or nested too deeply"
        where = "" if position is None else f" at position {position}"
        raise InvalidInput(
            f"the regular expression is not valid: {reason}{where}",
            code="file_search.bad_regex",
            hint='put a backslash before signs that are meant as they stand, or set mode to "literal"',
            errors=[{"loc": ["query"], "msg": f"{reason}{where}"}],
            data={"position": position},
        ) from error
