"""Where a page of a list ended, in an opaque form: the time and the id of its last row."""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.ids import iso

__all__ = ["cursor_of", "parse_cursor"]

_PACKED = struct.Struct(">q16s")  # microseconds since the epoch and a UUID: 32 characters of base64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def cursor_of(at: str, id_: str) -> str:
    """Return the opaque form of where a page ended: the time and the id of its last row."""
    since = datetime.fromisoformat(at) - _EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return base64.urlsafe_b64encode(_PACKED.pack(microseconds, bytes.fromhex(id_.replace("-", "")))).decode()


def parse_cursor(cursor: str) -> tuple[str, str]:
    """Return the time and the id of a cursor; whatever has its form is one.

    Raises:
        InvalidInput: `request.invalid`.
    """
    try:
        microseconds, id_ = _PACKED.unpack(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (ValueError, struct.error):
        raise InvalidInput(
            "cursor: not a cursor of this list",
            hint="pass next_cursor of the page before, or leave it out",
            errors=[{"loc": ["cursor"], "msg": "not a cursor of this list"}],
        ) from None
    try:
        at = _EPOCH + microseconds * _MICROSECOND
    except OverflowError:
        at = datetime.max if microseconds > 0 else datetime.min
    return iso(at), str(UUID(bytes=id_))
