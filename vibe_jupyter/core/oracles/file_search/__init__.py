"""Search names and contents of a project's files: ranked words, a literal text, or a regular expression."""

from vibe_jupyter.core.oracles.file_search.oracle import FileSearch
from vibe_jupyter.core.oracles.file_search.schemas import (
    FileMatch,
    FileSearchInput,
    FileSearchOutput,
    SkippedFiles,
)

__all__ = ["FileMatch", "FileSearch", "FileSearchInput", "FileSearchOutput", "SkippedFiles"]
