"""What statistics of a project are asked for and what they answer."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

__all__ = [
    "BigFile",
    "DependencyRow",
    "DependencyStatus",
    "LanguageRow",
    "NotebookNumbers",
    "ProjectStatsInput",
    "ProjectStatsOutput",
    "TestNumbers",
]

DependencyStatus = Literal["ok", "missing", "wrong_version", "undeclared", "unused", "optional"]


class ProjectStatsInput(BaseModel):
    """Which folder to look at."""

    path: str = Field(
        default=".",
        min_length=1,
        max_length=4096,
        description="The folder, default the project's root. A sentence that names a folder with a slash or "
        "in quotes is understood too; one that names none means the root.",
    )
    biggest: int = Field(default=10, ge=0, le=100, description="How many of the biggest files to list.")


class LanguageRow(BaseModel):
    """The files of one language. A line with code and a comment counts as code; docstrings are code."""

    language: str
    files: int
    code: int = Field(description="Lines of code; of notebooks, those in code cells.")
    comment: int
    blank: int
    size_bytes: int


class BigFile(BaseModel):
    """A file that stands out by its size."""

    path: str = Field(description="Relative to the folder.")
    size_bytes: int


class TestNumbers(BaseModel):
    """Tests as pytest would find them by name: nothing is imported or run."""

    __test__: ClassVar[bool] = False

    files: int
    functions: int = Field(description="Functions `test*` in test files, also in classes `Test*`.")


class NotebookNumbers(BaseModel):
    """Jupyter notebooks."""

    files: int
    cells: int
    code_cells: int


class DependencyRow(BaseModel):
    """A distribution, as the project declares it, as it is installed here, and whether code imports it.

    `missing`: declared or imported, but not installed here; `wrong_version`: installed in a version that was
    not asked for; `undeclared`: imported and installed, but declared nowhere; `unused`: declared as a main
    dependency, but never imported (it may still be needed as a plugin or a command); `optional`: declared
    nowhere, and the code does without it, for it catches the ImportError.
    """

    name: str
    declared: str | None = Field(description="The requirement with where it stands; None if nowhere.")
    installed_version: str | None
    imported: bool
    status: DependencyStatus


class ProjectStatsOutput(BaseModel):
    """A project in numbers. Ignored files (.gitignore, caches, virtual environments) are left out."""

    path: str
    files: int
    size_bytes: int
    languages: list[LanguageRow] = Field(description="Most lines of code first.")
    biggest_files: list[BigFile]
    tests: TestNumbers
    notebooks: NotebookNumbers
    dependencies: list[DependencyRow] = Field(description="What needs attention first.")
    warnings: list[str]
