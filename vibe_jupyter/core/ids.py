"""Ids and timestamps: both sort by time as text."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["iso", "new_id", "now"]


def new_id() -> str:
    """Return a UUIDv7 (RFC 9562) as text."""
    from uuid_utils import uuid7

    return str(uuid7())


def now() -> str:
    """Return the current time as ISO 8601 in UTC with microseconds."""
    return iso(datetime.now(UTC))


def iso(moment: datetime) -> str:
    """Return a moment in the one form in which times are stored; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
