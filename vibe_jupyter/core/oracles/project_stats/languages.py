"""Which language a file is in, and how many of its lines are code, comment and blank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath

__all__ = ["Language", "LineCount", "count_lines", "language_of"]


@dataclass(frozen=True)
class Language:
    """A language with its comments: `line` starters, and pairs of `block` delimiters."""

    name: str
    line: tuple[str, ...] = ()
    block: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class LineCount:
    """Lines of a text by kind."""

    code: int = 0
    comment: int = 0
    blank: int = 0

    def __add__(self, other: LineCount) -> LineCount:
        return LineCount(self.code + other.code, self.comment + other.comment, self.blank + other.blank)


_C_BLOCK = (("/*", "*/"),)
_MARKUP = (("<!--", "-->"),)


def _c(name: str) -> Language:
    return Language(name, ("//",), _C_BLOCK)


def _hash(name: str) -> Language:
    return Language(name, ("#",))


PYTHON = _hash("Python")
NOTEBOOK = Language("Jupyter Notebook")

_BY_SUFFIX = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), PYTHON),
    ".pyx": _hash("Cython"),
    ".ipynb": NOTEBOOK,
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), _c("JavaScript")),
    **dict.fromkeys((".ts", ".tsx", ".mts"), _c("TypeScript")),
    **dict.fromkeys((".c", ".h"), _c("C")),
    **dict.fromkeys((".cc", ".cpp", ".cxx", ".hpp", ".hh"), _c("C++")),
    **dict.fromkeys((".cu", ".cuh"), _c("CUDA")),
    ".cs": _c("C#"),
    ".java": _c("Java"),
    **dict.fromkeys((".kt", ".kts"), _c("Kotlin")),
    ".scala": _c("Scala"),
    ".swift": _c("Swift"),
    ".go": _c("Go"),
    ".rs": _c("Rust"),
    ".dart": _c("Dart"),
    ".proto": _c("Protocol Buffers"),
    ".php": Language("PHP", ("//", "#"), _C_BLOCK),
    ".rb": Language("Ruby", ("#",), (("=begin", "=end"),)),
    ".pl": _hash("Perl"),
    **dict.fromkeys((".r", ".rmd"), _hash("R")),
    ".jl": Language("Julia", ("#",), (("#=", "=#"),)),
    ".lua": Language("Lua", ("--",), (("--[[", "]]"),)),
    ".hs": Language("Haskell", ("--",), (("{-", "-}"),)),
    ".ex": _hash("Elixir"),
    ".sql": Language("SQL", ("--",), _C_BLOCK),
    **dict.fromkeys((".sh", ".bash", ".zsh", ".fish"), _hash("Shell")),
    ".ps1": Language("PowerShell", ("#",), (("<#", "#>"),)),
    **dict.fromkeys((".html", ".htm"), Language("HTML", (), _MARKUP)),
    ".vue": Language("Vue", ("//",), _MARKUP),
    ".svelte": Language("Svelte", ("//",), _MARKUP),
    ".xml": Language("XML", (), _MARKUP),
    ".css": Language("CSS", (), _C_BLOCK),
    **dict.fromkeys((".scss", ".less"), Language("SCSS/Less", ("//",), _C_BLOCK)),
    **dict.fromkeys((".yaml", ".yml"), _hash("YAML")),
    ".toml": _hash("TOML"),
    **dict.fromkeys((".ini", ".cfg"), Language("INI", ("#", ";"))),
    ".json": Language("JSON"),
    **dict.fromkeys((".md", ".markdown"), Language("Markdown", (), _MARKUP)),
    ".rst": Language("reStructuredText"),
    ".tex": Language("TeX", ("%",)),
    ".tf": Language("Terraform", ("#", "//"), _C_BLOCK),
    ".cmake": _hash("CMake"),
}
_BY_NAME = {
    "makefile": _hash("Make"),
    "dockerfile": _hash("Dockerfile"),
    "cmakelists.txt": _hash("CMake"),
}


def language_of(path: PurePath) -> Language | None:
    """Return the language that the name of a file says; None for data and the unknown."""
    return _BY_NAME.get(path.name.lower()) or _BY_SUFFIX.get(path.suffix.lower())


def count_lines(text: str, language: Language) -> LineCount:
    r"""Count by line, without parsing: a comment sign inside a string may fool it.

    >>> count_lines("# why\nx = 1  # what\n\n", PYTHON)
    LineCount(code=1, comment=1, blank=1)
    """
    code = comment = blank = 0
    until: str | None = None
    for raw in text.splitlines():
        line = raw.strip()
        if until is None and not line:
            blank += 1
            continue
        is_code, until = _read_line(line, until, language)
        code, comment = (code + 1, comment) if is_code else (code, comment + 1)
    return LineCount(code, comment, blank)


def _read_line(line: str, until: str | None, language: Language) -> tuple[bool, str | None]:
    """Return whether a line holds code, and the end of the block comment that is open after it."""
    rest = line
    while True:
        if until is not None:
            _, closed, rest = rest.partition(until)
            if not closed:
                return False, until
            until, rest = None, rest.strip()
            if not rest:
                return False, None
        opening = next((pair for pair in language.block if rest.startswith(pair[0])), None)
        if opening is None:
            break
        until, rest = opening[1], rest[len(opening[0]) :]
    if language.line and rest.startswith(language.line):
        return False, None
    return True, _left_open(rest, language)


def _left_open(line: str, language: Language) -> str | None:
    """Return the end of a block comment that begins behind the code of this line and does not end in it."""
    for start, end in language.block:
        place = line.rfind(start)
        if place > 0 and end not in line[place + len(start) :] and line[place - 1].isspace():
            return end
    return None
