"""What can go wrong with a project, where several slices say so."""

from __future__ import annotations

from vibe_jupyter.core.errors import NotFound

__all__ = ["no_project"]

_SHOWN_ID = 60


def no_project(project_id: str) -> NotFound:
    """Return the error about a project that is not there, or somebody else's."""
    return NotFound(
        f"there is no project {project_id[:_SHOWN_ID]}",
        code="project.not_found",
        hint="%vibe project list shows yours; leave it out for none",
    )
