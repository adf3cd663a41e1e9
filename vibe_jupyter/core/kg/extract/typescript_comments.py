"""The comments that document JavaScript and TypeScript definitions."""

from __future__ import annotations

import re

__all__ = ["comment_before", "comment_of_file"]

_MAX_DOCUMENTATION = 2_000
_WORDS = frozenset(
    b"""export default declare const let var async abstract static public private protected readonly override get set
    accessor function class type interface enum namespace module""".split()
)
_STAR = re.compile(r"^\s*\*? ?", re.MULTILINE)
_SLASHES = re.compile(r"^\s*//+ ?", re.MULTILINE)
_FIRST = re.compile(rb"\s*(?:#![^\n]*\n\s*)?(/\*.*?\*/)\s*", re.DOTALL)
_OF_FILE = re.compile(r"@(?:file|fileoverview|overview|module|packageDocumentation)\b")


def comment_before(source: bytes, start: int) -> str:
    """Return the comment that stands directly before a definition, without its marks.

    Args:
        source: the file.
        start: where the definition begins; words before it on its line (`export const`) belong to it.
    """
    line = source.rfind(b"\n", 0, start) + 1
    words = source[max(line, start - 200) : start].split()
    if not all(word in _WORDS or word.startswith(b"@") for word in words):
        line = start
    end = line
    while True:
        end = _stripped(source, end)
        if source.endswith(b"*/", 0, end):
            opening = source.rfind(b"/*", 0, end)
            return _cleaned(source[opening:end]) if opening >= 0 else ""
        first = source.rfind(b"\n", 0, end) + 1
        last_line = source[first:end].lstrip()
        if not last_line.startswith(b"@"):  # a decorator on a line of its own
            break
        end = first
    if not last_line.startswith(b"//") or b"\n\n" in source[end:line].replace(b" ", b""):
        return ""
    while first > 0:
        above = source.rfind(b"\n", 0, first - 1) + 1
        if not source[above:first].lstrip().startswith(b"//"):
            break
        first = above
    return _cleaned(source[first:end])


def _stripped(source: bytes, end: int) -> int:
    """Return where the text before `end` stops, white space left out."""
    begin = max(0, end - 200)
    return begin + len(source[begin:end].rstrip())


def comment_of_file(source: bytes) -> str:
    """Return the comment that opens a file, where it is not that of the first definition."""
    found = _FIRST.match(source)
    if not found:
        return ""
    text = _cleaned(found[1])
    after = source[found.end() : found.end() + 12]
    apart = b"\n\n" in source[found.end(1) : found.end()].replace(b"\r", b"")
    return text if apart or after.startswith((b"import", b"'use", b'"use')) or _OF_FILE.search(text) else ""


def _cleaned(comment: bytes) -> str:
    text = comment.decode("utf-8", "replace")
    text = _STAR.sub("", text[2:-2].lstrip("*")) if text.startswith("/*") else _SLASHES.sub("", text)
    return text.strip()[:_MAX_DOCUMENTATION]
