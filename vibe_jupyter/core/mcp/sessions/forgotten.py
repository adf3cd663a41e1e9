"""Whether a server of the era 2025-11-25 has forgotten our session: then it has not executed what it was asked.

The specification has it answer 404 then (Streamable HTTP, Session Management), and a client must open another session.
But a server may answer a call with 404 because of what the tool did: a row that is not there, a page. To make such a
call again would execute it twice. So whoever seems to have forgotten a session is asked once more in it, by a `ping`,
which each server has to answer: only one that refuses that too has forgotten it. Of a server that tells lies there
about its own tools nothing can be known; but it hears a call twice at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SESSION_HEADER", "ping", "seems_forgotten"]

SESSION_HEADER = "mcp-session-id"
_SAID_WITH_400 = frozenset(
    {
        "bad request: server not initialized",  # the SDK of TypeScript, when it has just started
        "bad request: no valid session id provided",  # and the example that many servers begin with
    }
)


def seems_forgotten(status: int, error: Mapping[str, Any] | None) -> bool:
    """Return whether a refusal is one of those by which a server says that it knows no such session.

    Args:
        error: the JSON-RPC error in its body, if there is one.
    """
    if status == 404:
        return True
    return status == 400 and error is not None and str(error["message"]).lower() in _SAID_WITH_400


def ping(refused: httpx2.Request) -> httpx2.Request:
    """Return a request that does nothing, in the session of one that was refused."""
    headers = httpx2.Headers(refused.headers)
    del headers["content-length"]
    message = {"jsonrpc": "2.0", "id": "is-it-known", "method": "ping"}
    return httpx2.Request("POST", refused.url, headers=headers, json=message, extensions=refused.extensions)
