"""Ids and timestamps: both sort by time as text."""

from __future__ import annotations

import contextlib
import os
import secrets
from datetime import UTC, datetime

__all__ = ["iso", "new_executor_id", "new_id", "now"]


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562) as text."""
    from uuid_utils import uuid7

    return str(uuid7())


def new_executor_id() -> str:
    """Return a name for this process among all that share its database."""
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def now() -> str:
    """Return the current time as ISO 8601 in UTC with microseconds."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """Return a moment in the one form in which times are stored; a naive one is taken as UTC.

    >>> iso(datetime(999, 1, 2, 3, 4))
    '0999-01-02T03:04:00.000000Z'
    """
    if moment.tzinfo is not None:
        with contextlib.suppress(OverflowError):  # within a day of an end of the calendar it stays as it is
            moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
