"""JSON-RPC codes of our own: what our transports answer in a server's place.

They mean something only with the data of a `StandIn`, for a server may send them too. None is -32000, by which the
SDK says that the whole connection is gone.
"""

from __future__ import annotations

__all__ = ["BAD_RESULT", "RESULT_TOO_LARGE", "SESSION_LOST", "UPSTREAM_UNAVAILABLE"]

UPSTREAM_UNAVAILABLE = -32050
"""A request that failed alone; `data` says how."""
RESULT_TOO_LARGE = -32051
"""A result that was longer than allowed."""
SESSION_LOST = -32052
"""A request that the server refused unseen, because it does not know the session."""
BAD_RESULT = -32053
"""An answer that cannot be read."""
