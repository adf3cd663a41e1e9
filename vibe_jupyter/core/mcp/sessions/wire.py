"""Messages from lines of JSON, also from lines that are not quite that: an answer must not get lost.

pydantic reads a line several times as fast as `json` does, but no half of a surrogate pair, no byte that is not
UTF-8, and nothing that is nested 200 deep. What it does not read is read again here, more patiently; and of an answer
that cannot be read at all, the call that waits for it hears at once.
"""

from __future__ import annotations

import json
import re
from typing import Any

from vibe_jupyter.core.mcp.sessions.codes import BAD_RESULT
from vibe_jupyter.core.mcp.sessions.standins import StandIn

__all__ = ["ENDS", "parsed", "parsed_large", "refusal"]

ENDS = 256
"""How much of the beginning and of the end of a message shows whose answer it is."""

_START = rb'^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?'
_ID_FIRST = re.compile(_START + rb'"id"\s*:\s*(\d+)(?:\.0+)?\s*(?:,\s*"(?!method")|\})')  # servers in Python
_ID_LAST = re.compile(
    rb'"id"\s*:\s*(\d+)(?:\.0+)?\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$'
)  # and in TypeScript
_REQUEST = re.compile(_START + rb'"method"')
_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_PERHAPS_HALF = re.compile(
    rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!" + _HIGH + rb"\\u[dD])[c-fC-F][0-9a-fA-F]{2})"
)
"""Begins with what is found fast: this is looked for in each large message."""
_ESCAPE = re.compile(_HIGH + _LOW + b"|(" + _HIGH + b"|" + _LOW + rb")|\\.", re.DOTALL)


def parsed(line: bytes) -> Any:
    """Return the message of a line, for an answer that cannot be read an error for its call, or None for noise."""
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    if b'"jsonrpc"' not in line:
        return None
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return parsed_large(line)


def parsed_large(line: bytes) -> Any:
    """Parse in two steps: pydantic 2.14 tries each kind of message in turn, on all of it, four times as long."""
    from mcp.shared.message import SessionMessage
    from mcp_types import jsonrpc_message_adapter

    try:
        body = json.loads(_whole_characters(line))
    except (ValueError, RecursionError):
        return refusal(line[:ENDS] + line[-ENDS:], BAD_RESULT, "it cannot be read")
    if not isinstance(body, dict) or "jsonrpc" not in body:
        return None
    request_id = body.get("id")
    if isinstance(request_id, float) and request_id.is_integer():
        body["id"] = request_id = int(request_id)
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_python(body, by_name=False))
    except (ValueError, RecursionError):
        is_answer = isinstance(request_id, int) and not isinstance(request_id, bool) and "method" not in body
        return _error(request_id, BAD_RESULT, "it is no message") if is_answer else None


def refusal(ends: bytes, code: int, why: str) -> Any:
    """Return an error for the call that a message answers of which only the ends can be read; None if it is noise."""
    found = None if _REQUEST.search(ends) else _ID_FIRST.search(ends) or _ID_LAST.search(ends)
    return None if found is None else _error(int(found[1]), code, why)


def _error(request_id: Any, code: int, why: str) -> Any:
    from mcp.shared.message import SessionMessage
    from mcp_types import ErrorData, JSONRPCError

    error = ErrorData(code=code, message=why, data=StandIn())
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=request_id, error=error))


def _whole_characters(line: bytes) -> str:
    """Return a line in which what is no character is U+FFFD."""
    if _PERHAPS_HALF.search(line):
        line = _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], line)
    return line.decode(errors="replace")
