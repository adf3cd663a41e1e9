"""How everything is shown, in a notebook and on a terminal: one registry from a value to its renderer.

A renderer makes a small document of blocks; it is written as HTML for notebooks and as text for terminals, both of
which escape all of it. Third parties show their results the same way:

>>> from vibe_jupyter.widgets.rendering import Column, Line, Table, Text, as_text, register
>>> register("line.count", lambda result: [Line(Text(f"{result['lines']:,}", "strong"), " lines")])

This module imports nothing heavy: `%vibe` shows its first result with it.
"""

from vibe_jupyter.widgets.rendering.bundle import (
    JSON_TYPE,
    as_html,
    as_text,
    mimebundle,
    progress_line,
    summary,
)
from vibe_jupyter.widgets.rendering.cards import Listing, ProgressLine, StatusCard
from vibe_jupyter.widgets.rendering.document import (
    Audio,
    Bar,
    Block,
    Code,
    Column,
    Command,
    Fold,
    Heading,
    Id,
    Image,
    Line,
    Link,
    Markdown,
    Marked,
    Table,
    Text,
)
from vibe_jupyter.widgets.rendering.mcp_cards import (
    ForgottenServer,
    ImportPreview,
    PromptListing,
    ResourceListing,
    ToolHelp,
)
from vibe_jupyter.widgets.rendering.registry import register

__all__ = [
    "JSON_TYPE",
    "Audio",
    "Bar",
    "Block",
    "Code",
    "Column",
    "Command",
    "Fold",
    "ForgottenServer",
    "Heading",
    "Id",
    "Image",
    "ImportPreview",
    "Line",
    "Link",
    "Listing",
    "Markdown",
    "Marked",
    "ProgressLine",
    "PromptListing",
    "ResourceListing",
    "StatusCard",
    "Table",
    "Text",
    "ToolHelp",
    "as_html",
    "as_text",
    "mimebundle",
    "progress_line",
    "register",
    "summary",
]
