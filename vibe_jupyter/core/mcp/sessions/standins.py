"""Errors that our transports answer in a server's place, and how they are told from what a server says.

A server may send any code and any words, also ours: what it says must not decide whether a call is made again. So the
data of an error of ours is a `StandIn`, which no JSON is read as. Over HTTP it passes through the SDK as text, and has
a mark that no server has seen.
"""

from __future__ import annotations

import secrets
from typing import Any

__all__ = ["Quoted", "StandIn", "marked", "recognized"]

_KEY = "stand_in"
_MARK = secrets.token_hex(16)


class StandIn(dict[str, Any]):
    """The data of an error that one of our transports has made."""


class Quoted(dict[str, Any]):
    """The data of an error that a server has sent in the very words by which the SDK says that all is over."""


def marked(data: dict[str, Any]) -> dict[str, Any]:
    """Return data for an error of ours that is written as text before it is `recognized`."""
    return {**data, _KEY: _MARK}


def recognized(data: Any) -> Any:
    """Return the data of an error, as a `StandIn` if it was marked here.

    >>> recognized(marked({"sent": True}))
    {'sent': True}
    >>> type(recognized({"sent": True, "stand_in": "?"}))
    <class 'dict'>
    """
    if not isinstance(data, dict) or data.get(_KEY) != _MARK:
        return data
    return StandIn({key: value for key, value in data.items() if key != _KEY})
