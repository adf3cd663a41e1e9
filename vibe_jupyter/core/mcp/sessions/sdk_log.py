"""What the SDK logs of a server: for each kind of complaint a line in a minute, without what the server has sent.

The SDK (2.3) writes a traceback, with values of the message in it, for each notice that is not as it should be, and a
server may send thousands in a second. Only what is logged while one of our sessions runs is touched.
"""

from __future__ import annotations

import logging
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING

from vibe_jupyter.core.logs import get_logger

if TYPE_CHECKING:
    from vibe_jupyter.core.mcp.sessions.noise import Noise

__all__ = ["SdkLog", "quieten", "speaking"]

_LOGGERS = (
    "client",  # that of mcp.client.session
    "mcp.client.caching",
    "mcp.client.client",
    "mcp.client.streamable_http",
    "mcp.shared.jsonrpc_dispatcher",
)
_NOISE = ("Failed to validate notification", "Unknown SSE event", "Error parsing SSE message")
_PAUSE_S = 60.0
_LONGEST = 120

log = get_logger("mcp")


class SdkLog:
    """Hears what the SDK logs of one session.

    Args:
        noise: counts the complaints of which the server is the cause.
    """

    def __init__(self, server: str, noise: Noise) -> None:
        self._server = server
        self._noise = noise
        self._last: dict[tuple[str, int], tuple[float, int]] = {}

    def hear(self, record: logging.LogRecord) -> None:
        """Take a line of the SDK, and write one of our own, if there was none of this kind lately."""
        if record.levelno < logging.WARNING:
            return
        said = str(record.msg) if record.args else record.getMessage()  # without what a server has named
        if said.startswith(_NOISE):
            self._noise.heard(0)
            said = next(kind for kind in _NOISE if said.startswith(kind))
        place = record.name, record.lineno
        at, more = self._last.get(place, (-_PAUSE_S, 0))
        if time.monotonic() - at < _PAUSE_S:
            self._last[place] = at, more + 1
            return
        self._last[place] = time.monotonic(), 0
        error = record.exc_info[0] if record.exc_info else None
        log.warning(
            "complaint about a server",
            server=self._server,
            said=said[:_LONGEST],
            error=error.__name__ if error is not None else None,
            not_shown_before=more,
        )


speaking: ContextVar[SdkLog | None] = ContextVar("mcp_sdk_log", default=None)
"""Of the session that this code runs for."""


class _Filter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what is not of our sessions."""
        session = speaking.get()
        if session is not None:
            session.hear(record)
        return session is None


_filter = _Filter()


def quieten() -> None:
    """Put the filter before the SDK's loggers; once is enough, twice does no harm."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)
