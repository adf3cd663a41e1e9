"""Pushes and pull requests as the API speaks of them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ProjectPullRequest",
    "ProjectPush",
    "PullRequestInput",
    "PullRequestOpened",
    "PushDone",
    "PushInput",
]

BRANCH = "^[^\\s~^:?*\\[\\\\]+$"


class ProjectPush(BaseModel):
    """Where a project is pushed to, and how."""

    model_config = ConfigDict(extra="forbid")

    github: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="OWNER/NAME or NAME; default: where it was pushed before, else one named after it.",
    )
    private: bool = Field(
        default=True, description="Whether a new repository is seen by invited people only."
    )
    branch: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=BRANCH,
        description="Which branch; default: that of the last push, or the repository's own.",
    )
    commit_message: str | None = Field(
        default=None, min_length=1, max_length=10_000, description="Of the one commit that is made."
    )
    overwrite: bool = Field(
        default=False,
        description="Whether your files shall follow on what somebody else has pushed meanwhile; theirs stay in the "
        "history.",
    )
    allow_secrets: bool = Field(
        default=False, description="Whether files are pushed that seem to hold a token. Better take it out."
    )


class PushInput(ProjectPush):
    """A push of one project."""

    project_id: str = Field(max_length=100, description="Which project.")


class PushDone(BaseModel):
    """What a push has done."""

    project_id: str
    full_name: str
    url: str = Field(description="Of the repository.")
    branch: str
    commit: str
    commit_url: str
    changed: bool = Field(description="Whether there was anything to push.")
    created: bool = Field(description="Whether the repository was made for it.")
    files_changed: int
    files_deleted: int


class ProjectPullRequest(BaseModel):
    """What is offered to whom."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=300, description="What it is.")
    description: str = Field(
        default="", max_length=60_000, description="What a reader should know; Markdown."
    )
    head: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The branch with the changes; default: that of the last push.",
    )
    base: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Where they shall go; default: the repository's own branch.",
    )
    draft: bool = Field(default=False, description="Whether it is not to be merged yet.")


class PullRequestInput(ProjectPullRequest):
    """A pull request of one project."""

    project_id: str = Field(max_length=100, description="Which project.")


class PullRequestOpened(BaseModel):
    """A pull request that is open now."""

    project_id: str
    number: int
    url: str
    title: str
    head: str
    base: str
    existed: bool = Field(description="Whether it was open before, so that none was made.")
