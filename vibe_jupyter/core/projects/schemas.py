"""Projects, their files and their checkpoints as the API speaks of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vibe_jupyter.core.projects.templating.schemas import TemplateInfo

__all__ = [
    "Checkpoint",
    "CheckpointCreate",
    "CheckpointList",
    "Diff",
    "DiffQuery",
    "FileChange",
    "FileDiff",
    "FileEntry",
    "FileList",
    "FileQuery",
    "FileWrite",
    "FilesQuery",
    "GithubLink",
    "Project",
    "ProjectAdopt",
    "ProjectCreate",
    "ProjectList",
    "ProjectTask",
    "ProjectUpdate",
    "ProjectsQuery",
    "SpaceLink",
    "TemplateList",
    "UndoRequest",
    "Undone",
]

Name = Annotated[str, Field(min_length=1, max_length=100)]
ProjectPath = Annotated[str, Field(min_length=1, max_length=4096)]


class GithubLink(BaseModel):
    """The repository that a project is pushed to."""

    full_name: str = Field(description="OWNER/NAME.")
    url: str
    branch: str | None = Field(default=None, description="Of the last push; null before the first one.")
    commit: str | None = Field(default=None, description="What that push has made.")
    pushed_at: datetime | None = None


class SpaceLink(BaseModel):
    """The Space that a project is deployed to."""

    id: str = Field(description="OWNER/NAME.")
    url: str
    sdk: str
    commit: str | None = Field(default=None, description="What the last deploy has made.")
    stage: str | None = Field(default=None, description="As it was last seen, e.g. RUNNING.")
    deployed_at: datetime | None = None


class Project(BaseModel):
    """A folder of yours with what belongs to it."""

    id: str
    name: str
    description: str
    template: str | None = Field(
        description="What it was made from; null for a folder that was there before."
    )
    path: str = Field(description="Its folder.")
    created_at: datetime
    updated_at: datetime
    github: GithubLink | None
    space: SpaceLink | None
    archived_at: datetime | None = None
    missing: bool | None = Field(
        default=None, description="Whether its folder is not there any more; null where nobody has looked."
    )


class ProjectList(BaseModel):
    """A page of projects."""

    items: list[Project]
    total: int = Field(description="How many there are, on all pages.")
    next_cursor: str | None = Field(
        description="Pass it as `cursor` for the next page; null on the last one."
    )


class ProjectsQuery(BaseModel):
    """Which projects, newest first."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=20, ge=1, le=200, description="How many at most.")
    offset: int = Field(default=0, ge=0, le=1_000_000, description="How many to skip.")
    cursor: str | None = Field(
        default=None,
        max_length=200,
        description="The `next_cursor` of the page before; opaque.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]{32}$"},
    )
    archived: bool = Field(default=False, description="Show those that are archived instead.")
    name: str | None = Field(default=None, max_length=100, description="Only the one with this name.")


class ProjectCreate(BaseModel):
    """What shall be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "churn-dashboard", "template": "gradio-space"}]},
    )

    name: Name = Field(description="What you call it; one of your projects has it.")
    description: str = Field(default="", max_length=2000, description="What it is for, in a sentence.")
    template: str = Field(
        default="python-package",
        min_length=1,
        max_length=2000,
        description="A built-in template, or the path or git URL of one of your own.",
    )
    path: ProjectPath | None = Field(
        default=None, description="The new folder; default: one named after the project."
    )
    answers: dict[str, Any] = Field(
        default_factory=dict, description="Answers to the template's questions; the others have defaults."
    )
    trust_template: bool = Field(
        default=False, description="Whether the template may run code of its own. Only for one that you know."
    )


class ProjectUpdate(BaseModel):
    """What changes; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = Field(default=None, description="A new name; the folder keeps its own.")
    description: str | None = Field(default=None, max_length=2000, description="A new description.")


class ProjectAdopt(BaseModel):
    """A folder that is there already."""

    model_config = ConfigDict(extra="forbid")

    path: ProjectPath = Field(description="The folder.")
    name: Name | None = Field(default=None, description="What you call it; default: the folder's name.")
    description: str = Field(default="", max_length=2000, description="What it is for, in a sentence.")


class ProjectTask(BaseModel):
    """A task that works on a project."""

    task_id: str
    project_id: str | None = Field(default=None, description="Null if the task is going to make it.")


class TemplateList(BaseModel):
    """The built-in templates."""

    templates: list[TemplateInfo]


class FilesQuery(BaseModel):
    """Which files of a project."""

    model_config = ConfigDict(extra="forbid")

    under: str = Field(default=".", max_length=4096, description="Only below this folder of the project.")
    ignored: bool = Field(default=False, description="Show files that .gitignore excludes, too.")
    limit: int = Field(default=1000, ge=1, le=20_000, description="How many at most.")


class FileEntry(BaseModel):
    """A file of a project."""

    path: str = Field(description="Relative to the project's folder.")
    size_bytes: int
    modified_at: datetime


class FileList(BaseModel):
    """Files of a project."""

    project_id: str
    files: list[FileEntry]
    truncated: bool = Field(description="Whether there are more than the limit.")


class FileQuery(BaseModel):
    """Which file of a project."""

    model_config = ConfigDict(extra="forbid")

    file: ProjectPath = Field(description="Its path in the project's folder.")


class FileWrite(BaseModel):
    """A file's new content."""

    model_config = ConfigDict(extra="forbid")

    file: ProjectPath = Field(description="Its path in the project's folder.")
    text: str | None = Field(default=None, description="The content, as text.")
    base64: str | None = Field(default=None, description="The content of one that is no text.")
    executable: bool | None = Field(
        default=None, description="Whether it can be run; null: as it is, or not for a new one."
    )


class FileChange(BaseModel):
    """What was changed, and the checkpoint of how it was before."""

    project_id: str
    file: str
    checkpoint: str
    size_bytes: int | None = Field(description="Of the file now; null if it was deleted.")


class Checkpoint(BaseModel):
    """A project's files at one moment."""

    id: str
    message: str
    kind: Literal["person", "before", "undo", "restored"] = Field(
        description="`person`: somebody asked for it; `before`: the platform was about to change something; "
        "`undo`: what an undo has replaced; `restored`: where it led to."
    )
    created_at: datetime
    files: int
    size_bytes: int
    left_out: dict[str, str] = Field(
        default_factory=dict, description="Files that it does not hold, with the reason; only of a new one."
    )


class CheckpointCreate(BaseModel):
    """What it is called."""

    model_config = ConfigDict(extra="forbid")

    message: str = Field(default="checkpoint", min_length=1, max_length=500, description="What it is.")


class CheckpointList(BaseModel):
    """A project's checkpoints, the newest first."""

    project_id: str
    checkpoints: list[Checkpoint]


class DiffQuery(BaseModel):
    """What is compared."""

    model_config = ConfigDict(extra="forbid")

    since: str | None = Field(
        default=None, max_length=500, description="A checkpoint, by id or message; default: the newest."
    )
    until: str | None = Field(
        default=None, max_length=500, description="Another one; default: the files as they are now."
    )
    file: str | None = Field(default=None, max_length=4096, description="Only this file or folder.")


class FileDiff(BaseModel):
    """How a file differs."""

    path: str
    status: Literal["added", "modified", "deleted", "changed kind"]
    added: int | None = Field(description="Lines; null for a file that is no text.")
    removed: int | None


class Diff(BaseModel):
    """What differs between two states of a project."""

    project_id: str
    since: str = Field(description="The checkpoint's id.")
    until: str | None = Field(description="Another checkpoint's id; null for the files as they are.")
    files: list[FileDiff]
    patch: str = Field(description="As `git diff` shows it.")
    truncated: bool = Field(default=False, description="Whether the patch was too long to be shown whole.")


class UndoRequest(BaseModel):
    """How far back."""

    model_config = ConfigDict(extra="forbid")

    checkpoint: str | None = Field(
        default=None,
        max_length=500,
        description="By id or message; default: the last one that differs from what is there.",
    )


class Undone(BaseModel):
    """What an undo has done."""

    project_id: str
    checkpoint: Checkpoint = Field(description="What is back.")
    before: str = Field(description="The checkpoint of what was there: undo it to go forward again.")
    written: list[str]
    removed: list[str]
    left: dict[str, str] = Field(description="What could not be brought back or removed, with the reason.")
