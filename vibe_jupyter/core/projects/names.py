"""What a project may be called."""

from __future__ import annotations

from vibe_jupyter.core.errors import InvalidInput

__all__ = ["checked_name"]


def checked_name(name: str) -> str:
    """Return a name without space around it.

    Raises:
        InvalidInput: `project.invalid_name`.
    """
    stripped = name.strip()
    if not stripped or not stripped.isprintable() or "/" in stripped or "\\" in stripped:
        raise InvalidInput(
            f"{name[:60]!r} cannot be the name of a project",
            code="project.invalid_name",
            hint="use letters, digits, spaces and dashes; the folder may be named with --path",
        )
    return stripped
