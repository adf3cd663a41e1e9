"""Where the questions of one call or task arrive while somebody waits for it, and are asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

from vibe_jupyter.widgets.asking.interview import Interview
from vibe_jupyter.widgets.asking.prompter import Prompter, kernel_shell
from vibe_jupyter.widgets.asking.watch import QuestionWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from vibe_jupyter.client.namespaces import BaseClient
    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.questions.schemas import Question

__all__ = ["Desk", "show", "tell"]


class Desk:
    """Watches for questions from `open` to the end of the context; the one who waits asks them on its own thread.

    Args:
        put: told each new question, and the error that ends the watch, from another thread.
        about: `call_id` or `task_id`, with its value.
    """

    def __init__(self, client: BaseClient, put: Callable[[Question | VibeError], None], **about: str) -> None:
        self._watch = QuestionWatch(client, put, **about)
        self._interview = Interview(client, Prompter(), show, tell)
        self.declined: list[Question] = []
        """What nobody was there to answer."""

    def open(self) -> None:
        """Begin to watch; costs nothing before."""
        self._watch.start()

    def ask(self, question: Question) -> None:
        """Ask, here and now.

        Raises:
            KeyboardInterrupt: if the person interrupts.
        """
        if self._interview.ask(question, self._watch) == "nobody":
            self.declined.append(question)
            tell("declined, as nobody can be asked here")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.stop()


def show(value: Any) -> None:
    """Show a value under the cell, or in the terminal beside what goes to standard output."""
    from vibe_jupyter.widgets.rendering import as_text, mimebundle

    if kernel_shell() is not None:
        from IPython.display import display

        display(mimebundle(value), raw=True)  # type: ignore[no-untyped-call]
    else:
        print(as_text(value, color=sys.stderr.isatty()), file=sys.stderr)


def tell(text: str) -> None:
    """Say a line, in the place where `show` shows."""
    from vibe_jupyter.core.plain_text import clean

    print(clean(text, limit=1000), file=sys.stdout if kernel_shell() is not None else sys.stderr, flush=True)
