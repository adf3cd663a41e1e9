"""The check of the keys that secrets are encrypted with."""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING

from vibe_jupyter.core.doctor.check import Check
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.secrets.keys import KeyRing

if TYPE_CHECKING:
    from pathlib import Path

    from vibe_jupyter.core.settings import Settings

__all__ = ["check_secret_keys"]

_NAME = "secrets"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_secret_keys(settings: Settings) -> Check:
    """Check that the keys can be read, by nobody else, and that no change of keys was left half done."""
    ring = KeyRing(settings)
    if not ring.path.exists():
        where = "VIBE_SECRET_KEYS" if ring.is_configured else f"{ring.path} is made with the first secret"
        return Check(name=_NAME, status="ok", message=f"key: {where}")
    try:
        keys = ring.keys_in_file()
    except VibeError as error:
        return Check(name=_NAME, status="problem", message=error.message, fix=error.hint)
    if _is_open(ring.path):
        return Check(
            name=_NAME,
            status="warning",
            message=f"{ring.path} can be read by other users (mode {stat.S_IMODE(ring.path.stat().st_mode):04o})",
            fix=f"chmod 600 {shlex.quote(str(ring.path))}; jupyter vibe secrets rotate, if somebody may have read it",
        )
    if ring.is_configured or len(keys) > 1:
        what = "the keys in" if len(keys) > 1 else "the key in"
        return Check(
            name=_NAME,
            status="warning",
            message=f"{what} {ring.path} may still be needed: a change of keys was begun and not ended",
            fix="jupyter vibe secrets rotate",
        )
    return Check(name=_NAME, status="ok", message=f"key: {ring.path}, private")


def _is_open(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & _OTHERS)
