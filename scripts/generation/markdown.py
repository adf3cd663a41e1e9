"""Tables in Markdown, and pages whose generated blocks are filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["cell", "filled", "table"]

_BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; an empty one has no head either."""
    lines = [_line(row) for row in rows]
    return "\n".join([_line(head), _line(["---"] * len(head)), *lines]) + "\n" if lines else ""


def cell(text: str) -> str:
    """Return a text that stands in a cell as it is."""
    return " ".join(text.split()).replace("|", "\\|")


def filled(page: str, blocks: Mapping[str, str]) -> str:
    """Return a page with the text of each block between its two marks.

    Raises:
        KeyError: the page names a block that nobody makes.
    """
    return _BLOCK.sub(lambda found: f"{found[1]}\n{blocks[found[2]].strip()}\n\n{found[3]}", page)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell(text) for text in cells)} |"
