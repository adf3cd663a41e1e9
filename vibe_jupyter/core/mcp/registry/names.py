"""The id of a server: the slug of its name."""

from __future__ import annotations

import hashlib
import re
import unicodedata

__all__ = ["RESERVED", "slug"]

RESERVED = frozenset({"list", "health", "import", "search"})
"""Words that stand in the place of an id in the API's paths."""

_MAX_LENGTH = 60


def slug(name: str) -> str:
    """Return what a name becomes in paths and capabilities: lower case letters, digits, `-` and `_`.

    >>> slug("My Files!"), slug("GitHub.com"), slug("a__b"), slug("Überprüfung")
    ('my-files', 'github-com', 'a_b', 'uberprufung')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    found = re.sub(r"_+", "_", re.sub(r"[^a-z0-9_]+", "-", plain)).strip("-_")[:_MAX_LENGTH].strip("-_")
    return found or f"mcp-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:8]}"
