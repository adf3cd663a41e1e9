"""A project in numbers: languages, big files, tests, notebooks and dependencies."""

from vibe_jupyter.core.oracles.project_stats.oracle import ProjectStats
from vibe_jupyter.core.oracles.project_stats.schemas import (
    BigFile,
    DependencyRow,
    LanguageRow,
    NotebookNumbers,
    ProjectStatsInput,
    ProjectStatsOutput,
    TestNumbers,
)

__all__ = [
    "BigFile",
    "DependencyRow",
    "LanguageRow",
    "NotebookNumbers",
    "ProjectStats",
    "ProjectStatsInput",
    "ProjectStatsOutput",
    "TestNumbers",
]
