"""The oracle `project_stats`: finds the folder that is meant and surveys it in a worker process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput, NotFound
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.oracles.path_text import candidate_paths
from vibe_jupyter.core.oracles.project_stats.schemas import ProjectStatsInput, ProjectStatsOutput

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

__all__ = ["ProjectStats"]


class ProjectStats(Oracle):
    """Count a project's code, tests and notebooks, and compare its dependencies with this environment."""

    id = "project_stats"
    title = "A project in numbers"
    capabilities = (
        Capability(
            name="project.stats",
            summary="Statistics of a project: lines of code by language, biggest files, tests, notebooks, "
            "and dependencies that are missing, undeclared or unused",
            input=ProjectStatsInput,
            output=ProjectStatsOutput,
            text_field="path",
            table="languages",
            examples=(
                "how many lines of code are in this project",
                "project statistics",
                "which languages is this repository written in",
                "which dependencies are missing or not declared",
                "what are the biggest files here",
                "how many tests and notebooks does the project have",
                "which packages does the code import but not declare",
                "count code and comments in ./src",
                "how large is the code base",
                "what share of the code is Python",
                "which declared requirements are unused or not installed",
                "size and number of source files by language",
                "overview of the project in numbers",
                "compare the imports with the dependencies in pyproject.toml",
            ),
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> ProjectStatsOutput:
        """Survey the folder that `input.path` names.

        Raises:
            NotFound: `path.not_found`.
            InvalidInput: `project.not_a_folder`.
        """
        from vibe_jupyter.core.oracles.project_stats.statistics import project_statistics

        assert isinstance(input, ProjectStatsInput)
        folder = find_folder(context, input.path)
        if not folder.is_dir():
            raise InvalidInput(
                f"{folder.name} is not a folder",
                code="project.not_a_folder",
                hint=f"name the folder it is in: {folder.parent}",
            )
        result = await context.in_process(
            project_statistics, str(folder), input.biggest, project=str(context.root)
        )
        return ProjectStatsOutput(path=str(folder), **result)


def find_folder(context: Context, text: str) -> Path:
    """Return the folder that a path, or a sentence, means; the project's root if the sentence names none.

    Raises:
        NotFound: `path.not_found`.
        Forbidden: `path.outside_root`.
    """
    whole, *parts = candidate_paths(text) or ["."]
    try:
        return context.resolve(whole)
    except NotFound:
        if not parts and " " not in whole:
            raise
    missing: list[NotFound] = []
    for part in parts:
        try:
            return context.resolve(part)
        except NotFound as error:
            missing.append(error)
    if missing:
        raise missing[0]
    return context.resolve(".")
