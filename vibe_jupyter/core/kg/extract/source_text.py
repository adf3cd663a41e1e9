"""The text of a source file, by the nodes of its tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

__all__ = ["SourceText"]


class SourceText:
    """Reads one file.

    Args:
        source: the file's bytes, UTF-8.
    """

    longest = 300
    """Bytes of a text; an annotation longer than this tells nobody anything."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        # One character per byte: slices by byte offsets that need no decoding, but for the few that are not ASCII.
        self.characters = source.decode("latin-1")

    def text(self, node: Node | None) -> str:
        """Return the source of a node, cut at `longest` bytes."""
        if node is None:
            return ""
        start, end = node.start_byte, node.end_byte
        if end - start > self.longest:
            end = start + self.longest
        text = self.characters[start:end]
        return text if text.isascii() else self.source[start:end].decode("utf-8", "replace")
