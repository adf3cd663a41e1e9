"""What a renderer makes: a small document of blocks, which is written as HTML or as text.

A renderer never writes markup. It says what is shown and what it means; both writers escape every text in it,
so that data cannot become markup, a terminal command or a change of reading direction.

>>> Line(Text("file.search", "code"), " by ", Text("oracle file_search", "strong"))  # doctest: +ELLIPSIS
Line(inlines=(Text(text='file.search', ...
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "NOTHING",
    "Audio",
    "Bar",
    "Block",
    "Cell",
    "Code",
    "Column",
    "Command",
    "Fold",
    "Heading",
    "Id",
    "Image",
    "Inline",
    "Line",
    "Link",
    "Markdown",
    "Marked",
    "Style",
    "Table",
    "Text",
]

Style = Literal["plain", "strong", "code", "muted", "good", "warn", "bad"]
"""`good`, `warn` and `bad` add a colour only: the text must say it as well."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text in one line; longer than `limit` characters, it is cut and stands whole in the title."""

    text: str
    style: Style = "plain"
    title: str | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Marked:
    """Text with marked places: `spans` are [start, end) in characters, in order or not."""

    text: str
    spans: Sequence[tuple[int, int]]
    style: Style = "code"
    limit: int = 240


@dataclass(frozen=True, slots=True)
class Bar:
    """Parts of a whole, each in [0, 1], stacked; `width` is the length of the whole in characters."""

    parts: tuple[float, ...]
    width: int = 12
    style: Style = "plain"
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A command of ours as one types it: `%vibe task explain _` in a notebook, `jupyter vibe ...` elsewhere.

    `argument` follows the words in a notebook, `terminal_argument` where there is no `_`; default: the same.
    """

    words: str
    argument: str = ""
    terminal_argument: str | None = None

    def spelled(self, surface: Literal["notebook", "terminal"]) -> str:
        """Return the command for one of the surfaces."""
        is_own = surface == "terminal" and self.terminal_argument is not None
        argument = self.terminal_argument if is_own else self.argument
        prefix = "jupyter vibe" if surface == "terminal" else "%vibe"
        return " ".join(word for word in (prefix, self.words, argument) if word)


@dataclass(frozen=True, slots=True)
class Id:
    """A UUIDv7: its end is shown, the part that differs and that commands take for the whole; all is in the title."""

    text: str

    @property
    def shown(self) -> str:
        """Return the end."""
        return self.text[-8:]


@dataclass(frozen=True, slots=True)
class Link:
    """An address, shown in full; only one of the web can be followed. Nothing is fetched from it."""

    url: str
    label: str | None = None

    @property
    def is_web(self) -> bool:
        """Return whether a browser may go there."""
        return self.url.startswith(("https://", "http://")) and self.url.isascii() and self.url.isprintable()


NOTHING = Text("–", "muted")  # noqa: RUF001 - an en dash, as typography has it
"""What stands where a table has no value."""

Inline: TypeAlias = str | Text | Marked | Bar | Command | Id | Link
Cell: TypeAlias = Inline | tuple[Inline, ...] | None
"""What stands in a table's cell; None is shown as nothing."""


@dataclass(frozen=True, init=False)
class Line:
    """A line of inlines."""

    inlines: tuple[Inline, ...]

    def __init__(self, *inlines: Inline) -> None:
        object.__setattr__(self, "inlines", inlines)


@dataclass(frozen=True, slots=True)
class Heading:
    """A short title above what follows."""

    text: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers are aligned right, `is_fluid` takes the room that is left.

    What does not fit is cut in text output, or goes on in the next line where the column `wraps`.
    """

    title: str = ""
    align: Literal["left", "right"] = "left"
    is_fluid: bool = False
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. A row that begins with two empty cells belongs to the one above it.

    `total` counts the rows there are, if more than are given; `more` says how to see them.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    total: int | None = None
    more: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Code:
    """Preformatted text; of more than `limit` characters, the beginning."""

    text: str
    limit: int = 20_000


@dataclass(frozen=True, slots=True)
class Markdown:
    """Markdown as data gives it: no HTML in it is let through, no image is fetched."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A PNG, JPEG, GIF or WebP in base64, or an SVG as text."""

    media_type: str
    data: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """A WAV, MP3, Ogg, FLAC, AAC, MP4 or WebM sound in base64."""

    media_type: str
    data: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """Blocks that are shown on demand; text output names them only."""

    summary: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Line | Heading | Table | Code | Markdown | Image | Audio | Fold
