"""Read what a person types, in a notebook or a terminal; or find out that there is nobody."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EndedElsewhere", "NobodyThere", "Prompter", "can_ask", "kernel_shell"]

_ATTEMPTS = 20
_ATTEMPT_S = 0.25


class NobodyThere(Exception):
    """Nobody can be asked here: a run without a person, or output without input."""


class EndedElsewhere(Exception):
    """What was asked needs no answer from here any more."""


def kernel_shell() -> Any:
    """Return the shell of a Jupyter kernel that we run in, if we do."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None


def can_ask() -> bool:
    """Return whether there is somebody to be asked, as far as one can know before."""
    shell = kernel_shell()
    if shell is not None:
        return bool(getattr(shell.kernel, "_allow_stdin", True))
    return sys.stdin is not None and sys.stdin.isatty()


class Prompter:
    """Asks one line after the other. `end` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asking: int | None = None
        self._is_ended = False
        self._left = threading.Event()

    def read(self, prompt: str, *, is_secret: bool = False) -> str:
        """Return what the person types.

        Raises:
            NobodyThere: if nobody can be asked.
            EndedElsewhere: if `end` was called meanwhile.
            KeyboardInterrupt: if the person interrupts.
        """
        try:
            with self._listening():
                return _read(prompt, is_secret=is_secret).strip()
        except KeyboardInterrupt:
            if self._is_ended:
                self._is_ended = False
                raise EndedElsewhere from None
            raise
        except EOFError:
            raise NobodyThere from None

    def end(self) -> None:
        """Let `read` give up, if it is reading: the interrupt that this takes reaches the main thread alone."""
        for attempt in range(_ATTEMPTS):
            with self._lock:
                if self._asking is None or self._asking != threading.main_thread().ident:
                    return
                if self._is_ended and not attempt:
                    return  # another thread sees to it
                self._is_ended = True
                if hasattr(signal, "pthread_kill"):
                    signal.pthread_kill(self._asking, signal.SIGINT)  # also out of a terminal's blocking read
                else:
                    import _thread

                    _thread.interrupt_main()
            # `input` swallows an interrupt that comes while it flushes standard error, before it reads.
            if self._left.wait(_ATTEMPT_S):
                return

    @contextlib.contextmanager
    def _listening(self) -> Iterator[None]:
        with self._lock:
            self._asking, self._is_ended = threading.get_ident(), False
            self._left.clear()
        try:
            yield
        finally:
            with self._lock:
                self._asking = None
            self._left.set()


def _read(prompt: str, *, is_secret: bool) -> str:
    import getpass

    if kernel_shell() is not None:
        try:  # the kernel has put its own functions in the place of these
            return getpass.getpass(prompt) if is_secret else input(prompt)
        except NotImplementedError:  # the frontend takes no input: nbclient, papermill
            raise NobodyThere from None
    if not can_ask():
        raise NobodyThere
    if is_secret:
        return getpass.getpass(prompt)
    sys.stderr.write(prompt)  # what goes to standard output is the result
    sys.stderr.flush()
    return input()
