"""Log lines: structured, for a console or as JSON, on stderr, with secrets taken out.

Nothing is configured for the whole process: the user's own structlog and logging stay as they are.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

from vibe_jupyter.core.masking import masked, masked_json

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from vibe_jupyter.core.settings import Settings

__all__ = ["configure", "get_logger", "hide", "show"]

_ROOT = "vibe"
_SECRET_KEY = re.compile(r"token|secret|password|passwd|api_?key|authorization|cookie", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
_QUERY_TOKEN = re.compile(r"(?<=[?&]token=)[^&\s]+")

_hidden: dict[str, Callable[[str], str]] = {}

_console = structlog.dev.ConsoleRenderer(colors=False)
_json = structlog.processors.JSONRenderer()
_renderer: Any = _console


def get_logger(name: str) -> Any:
    """Return a logger below `vibe`; what is bound to the running task's context is on each of its lines."""
    return structlog.wrap_logger(
        logging.getLogger(f"{_ROOT}.{name}"),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redacted,
            _render,
        ],
    )


def configure(settings: Settings) -> None:
    """Write lines from the level in force on to stderr, in the form that the settings ask for."""
    global _renderer
    _renderer = _json if settings.log_format == "json" else _console
    logger = logging.getLogger(_ROOT)
    logger.setLevel(settings.log_level)
    logger.propagate = False
    if not logger.handlers:
        handler = _Stderr()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)


def hide(key: str, clean: Callable[[str], str]) -> None:
    """Let `clean` take out of all lines what it knows to be secret, from now on until `show(key)`."""
    _hidden[key] = clean


def show(key: str) -> None:
    """Hide no more what `hide` was told under this key."""
    _hidden.pop(key, None)


class _Stderr(logging.StreamHandler[Any]):
    """Writes to what `sys.stderr` is at that moment, as Jupyter and tests replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        raise AttributeError("the stream is always stderr")

    def format(self, record: logging.LogRecord) -> str:
        """Return a line without secrets, whatever object said them."""
        line, newline, stack = super().format(record).partition("\n")
        is_json = record.name.startswith(f"{_ROOT}.") and _renderer is _json and line.startswith('{"')
        try:
            return (masked_json(line) if is_json else masked(line)) + newline + masked(stack)
        except ValueError:  # it only begins like JSON: the standard library's, of another logger
            return masked(line + newline + stack)


def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Take secrets out of a line: values under telling names, credentials and tokens in URLs, what is to be hidden."""
    for key, value in event.items():
        if _SECRET_KEY.search(key):
            event[key] = "[redacted]"
        elif isinstance(value, str):
            text = masked(_QUERY_TOKEN.sub("[redacted]", _CREDENTIALS.sub("[redacted]", value)))
            for clean in tuple(_hidden.values()):
                text = clean(text)
            event[key] = text
    return event


def _render(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
    return _renderer(logger, method, event)
