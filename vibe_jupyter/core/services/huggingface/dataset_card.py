"""The README of a data set, made of facts: what the hub's viewer reads above, what a person reads below.

See https://huggingface.co/docs/hub/datasets-cards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.services.huggingface.front_matter import joined

if TYPE_CHECKING:
    from vibe_jupyter.core.services.huggingface.schemas import DatasetCard

__all__ = ["GENERATED", "is_generated", "rendered", "size_category"]

GENERATED = "<!-- Made from the data by vibe-jupyter. Delete this line, and your text is kept. -->"
_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
    (10**11, "10B<n<100B"),
    (10**12, "100B<n<1T"),
)
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size_category(rows: int) -> str:
    """Return the hub's word for a number of rows.

    >>> size_category(150), size_category(10_000)
    ('n<1K', '10K<n<100K')
    """
    return next((word for limit, word in _SIZES if rows < limit), "n>1T")


def is_generated(readme: str) -> bool:
    """Say whether a README is one of ours, which may be made again."""
    return GENERATED in readme


def rendered(card: DatasetCard) -> str:
    """Return a README; the same facts give the same text."""
    declared: dict[str, Any] = {}
    if card.license:
        declared["license"] = card.license
    if card.language:
        declared["language"] = list(card.language)
    declared["pretty_name"] = card.title
    if card.tags:
        declared["tags"] = list(card.tags)
    if card.rows is not None:
        declared["size_categories"] = [size_category(card.rows)]
    if card.splits:
        files = [{"split": split, "path": path} for split, path in card.splits.items()]
        declared["configs"] = [{"config_name": "default", "data_files": files}]
    return joined(declared, "\n".join(_text(card)))


def _text(card: DatasetCard) -> list[str]:
    text = [f"# {_line(card.title)}", ""]
    if card.description.strip():
        text += [card.description.strip(), ""]
    facts = []
    if card.rows is not None:
        facts.append(f"{card.rows:,} rows")
    if card.columns:
        facts.append(f"{len(card.columns):,} columns")
    if card.size_bytes is not None:
        facts.append(_size(card.size_bytes))
    if facts:
        text += [", ".join(facts) + ".", ""]
    if card.columns:
        text += ["| column | type | missing |", "|---|---|---|"]
        text += [
            f"| {_cell(column.name)} | {_cell(column.dtype)} | {column.nulls or ''} |"
            for column in card.columns
        ]
        text.append("")
    return [*text, GENERATED, ""]


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    """Return text that stays in its cell of a Markdown table, and is no HTML."""
    escaped = _line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\\", "\\\\").replace("|", "\\|")


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {_UNITS[unit]}"
