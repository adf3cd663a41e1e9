"""Results that are too large to be shown: files in the data directory, each under a handle of its user's."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import time
from typing import TYPE_CHECKING

import orjson

from vibe_jupyter.core.errors import NotFound
from vibe_jupyter.core.operations import Document

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PayloadStore"]

_HANDLE = re.compile(r"[0-9a-f]{32}\Z")
_ANY_TYPE = "application/octet-stream"
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?: *;[\x20-\x7e]*)?")
"""RFC 6838 with parameters: it becomes a header, where a line break would begin another one."""
_EXTENSIONS = {
    "application/json": "json",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/csv": "csv",
    "image/png": "png",
    "image/jpeg": "jpg",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
}


class PayloadStore:
    """Files by user and handle; a handle cannot be guessed. All methods block for as long as a disk takes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, user_id: str, content: bytes, media_type: str) -> str:
        """Store a payload and return its handle; what is no media type becomes that of any bytes."""
        handle = secrets.token_hex(16)
        place = self._place(user_id, handle)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = media_type if len(media_type) <= 200 and _MEDIA_TYPE.fullmatch(media_type) else _ANY_TYPE
        place.with_suffix(".json").write_bytes(orjson.dumps({"media_type": known}))
        place.write_bytes(content)
        return handle

    def get(self, user_id: str, handle: str) -> Document:
        """Return a payload.

        Raises:
            NotFound: `payload.not_found`; also if it is somebody else's.
        """
        place = self._place(user_id, handle)
        if not _HANDLE.match(handle) or not place.is_file():
            raise NotFound(
                "there is no such payload",
                code="payload.not_found",
                hint="old ones are deleted with their tasks",
            )
        media_type = orjson.loads(place.with_suffix(".json").read_bytes())["media_type"]
        extension = _EXTENSIONS.get(media_type.partition(";")[0].strip().lower(), "bin")
        return Document(
            content=place.read_bytes(), media_type=media_type, filename=f"{handle[:8]}.{extension}"
        )

    def prune(self, before_s: float) -> int:
        """Delete what is older than a time, in seconds since 1970, and return how many there were."""
        count = 0
        for place in self._folder.glob("*/*"):
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                if place.stat().st_mtime < min(before_s, time.time()):
                    place.unlink()
                    count += place.suffix != ".json"
        return count

    def _place(self, user_id: str, handle: str) -> Path:
        return (
            self._folder / hashlib.sha256(user_id.encode()).hexdigest()[:16] / handle[:64].replace("/", "_")
        )
