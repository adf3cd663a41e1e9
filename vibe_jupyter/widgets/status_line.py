"""One line that changes in place while a cell or a terminal waits."""

from __future__ import annotations

import sys
from typing import Any

from vibe_jupyter.widgets.asking.prompter import kernel_shell

__all__ = ["StatusLine", "line_here"]

_WIDTH = 110


class StatusLine:
    """Where is told how far something is; this one is not seen at all."""

    is_shown = False

    def show(self, text: str) -> None:
        """Put a text in the place of the one before."""
        self.is_shown = True
        self.write(text)

    def write(self, text: str) -> None:
        """Do the showing."""

    def end(self) -> None:
        """Leave no half line behind; what is shown after that is a new line."""
        if self.is_shown:
            self.clear()
        self.is_shown = False

    def clear(self) -> None:
        """Take away what is shown."""


class NotebookLine(StatusLine):
    """An output of the cell that is replaced in place."""

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str) -> None:
        """See `StatusLine`."""
        from IPython.display import display

        data = {"text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(data, raw=True)

    def clear(self) -> None:
        """Make room for the result."""
        self._handle.update({"text/plain": "", "text/html": ""}, raw=True)
        self._handle = None


class TerminalLine(StatusLine):
    """A line of a terminal, overwritten; nothing where the output is a file."""

    def write(self, text: str) -> None:
        """See `StatusLine`."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{text[:_WIDTH]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """See `StatusLine`."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def line_here() -> StatusLine:
    """Return the line for where we run."""
    return NotebookLine() if kernel_shell() is not None else TerminalLine()
