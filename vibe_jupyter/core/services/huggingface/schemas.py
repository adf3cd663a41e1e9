"""What we tell Hugging Face's hub and what it tells us, in our words."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Column",
    "Dataset",
    "DatasetCard",
    "DatasetSpec",
    "Deployment",
    "HubUser",
    "LogKind",
    "LogLine",
    "RepoKind",
    "Space",
    "SpaceSdk",
    "SpaceSpec",
    "SpaceStatus",
    "TableFiles",
    "Upload",
    "UploadProgress",
    "Variables",
]

RepoKind = Literal["space", "dataset"]
SpaceSdk = Literal["gradio", "docker", "static"]
LogKind = Literal["build", "run"]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HubUser(_Fact):
    """Whose token it is."""

    name: str = Field(description="Name of the account.")
    full_name: str | None = Field(default=None, description="What the person wants to be called.")
    organizations: list[str] = Field(
        default_factory=list, description="Names of the account's organisations."
    )
    role: str | None = Field(
        default=None,
        description="What the token may do: read, write, or fineGrained for one with rights of its own.",
    )


class SpaceSpec(_Fact):
    """A Space to be made."""

    id: str = Field(description="Its name, or owner/name; without an owner it is the token's.")
    sdk: SpaceSdk = Field(default="gradio", description="What runs in it: gradio, docker or static.")
    private: bool = Field(default=True, description="Whether only its owner sees it.")
    hardware: str | None = Field(
        default=None, description="What it runs on, e.g. t4-small; default: the hub's free one."
    )


class Space(_Fact):
    """A Space, as it was made or found."""

    id: str = Field(description="Its owner and name: owner/name.")
    sdk: str | None = Field(description="What runs in it; null before its first README says.")
    private: bool = Field(description="Whether only its owner sees it.")
    url: str = Field(description="Its page.")
    app_url: str | None = Field(default=None, description="Where its app is served.")
    commit: str | None = Field(default=None, description="Id of its newest commit.")
    created: bool = Field(default=False, description="Whether it was made just now.")


class SpaceStatus(_Fact):
    """What a Space does now."""

    id: str = Field(description="Its owner and name: owner/name.")
    stage: str = Field(description="In the hub's words: BUILDING, RUNNING, BUILD_ERROR, PAUSED ...")
    hardware: str | None = Field(default=None, description="What it runs on; null until it has run once.")
    requested_hardware: str | None = Field(default=None, description="What it shall run on.")
    url: str = Field(description="Its page.")
    app_url: str | None = Field(default=None, description="Where its app is served, once it is.")
    error: str | None = Field(default=None, description="The hub's own words on what went wrong.")
    commit: str | None = Field(default=None, description="The commit that it runs, where the hub says.")

    @property
    def is_final(self) -> bool:
        """Say whether it stays so unless somebody does something."""
        return not self.stage.endswith(("BUILDING", "APP_STARTING"))

    @property
    def is_running(self) -> bool:
        """Say whether its app is served."""
        return self.stage in ("RUNNING", "SLEEPING")


class LogLine(_Fact):
    """One line that a Space's build or app has written, without terminal sequences."""

    kind: LogKind = Field(description="build or run.")
    text: str = Field(description="The line, without its end.")
    timestamp: str | None = Field(default=None, description="When, as the hub says it.")


class UploadProgress(_Fact):
    """How far an upload has come."""

    step: Literal["compare", "large_files", "commit", "done"] = Field(description="What is being done.")
    done: int = Field(description="Files of this step that are done; bytes, for large files.")
    total: int = Field(description="Files of this step; bytes, for large files.")


class Deployment(_Fact):
    """What a Space was brought to."""

    id: str = Field(description="Of the Space.")
    commit: str = Field(description="Id of the commit that holds the files.")
    changed: bool = Field(description="Whether a commit had to be made.")
    uploaded: list[str] = Field(default_factory=list, description="Paths that were new or differed.")
    deleted: list[str] = Field(default_factory=list, description="Paths that were deleted.")
    ignored: list[str] = Field(default_factory=list, description="Paths that the .gitignore leaves out.")
    unchanged: int = Field(default=0, description="Files that were there already.")
    supplied: list[str] = Field(
        default_factory=list,
        description="Paths whose content we completed, because the hub needs it; yours were not touched.",
    )
    url: str = Field(description="The Space's page.")


class DatasetSpec(_Fact):
    """A data set to be made."""

    id: str = Field(description="Its name, or owner/name; without an owner it is the token's.")
    private: bool = Field(default=True, description="Whether only its owner sees it.")


class Dataset(_Fact):
    """A data set's repository, as it was made or found."""

    id: str = Field(description="Its owner and name: owner/name.")
    private: bool = Field(description="Whether only its owner sees it.")
    url: str = Field(description="Its page.")
    commit: str | None = Field(default=None, description="Id of its newest commit.")
    created: bool = Field(default=False, description="Whether it was made just now.")


class Column(_Fact):
    """One column of a table."""

    name: str = Field(description="Its name.")
    dtype: str = Field(description="Its type, in Arrow's words.")
    nulls: int = Field(default=0, description="How many of its values are missing.")


class DatasetCard(_Fact):
    """What the README of a data set is made from."""

    title: str = Field(description="Its heading.")
    description: str = Field(default="", description="What it holds and where that comes from.")
    license: str | None = Field(default=None, description="Identifier of its licence, e.g. mit or cc-by-4.0.")
    language: list[str] = Field(default_factory=list, description="Languages of its text, e.g. en.")
    tags: list[str] = Field(default_factory=list, description="Words it is found by.")
    splits: dict[str, str] = Field(
        default_factory=dict,
        description="Path or pattern of the data files by split, e.g. data/train.parquet.",
    )
    rows: int | None = Field(default=None, ge=0, description="Rows in all.")
    size_bytes: int | None = Field(default=None, ge=0, description="Size of the data files in all.")
    columns: list[Column] = Field(default_factory=list, description="Columns of the table.")


class TableFiles(_Fact):
    """A table made ready for the hub."""

    files: dict[str, Path] = Field(description="Files by their path in the data set.")
    card: DatasetCard = Field(description="What its README can be made from.")


class Upload(_Fact):
    """What a data set was brought to."""

    id: str = Field(description="Of the data set.")
    commit: str = Field(description="Id of the commit that holds the files.")
    changed: bool = Field(description="Whether a commit had to be made.")
    uploaded: list[str] = Field(default_factory=list, description="Paths that were new or differed.")
    ignored: list[str] = Field(default_factory=list, description="Paths that the .gitignore leaves out.")
    unchanged: int = Field(default=0, description="Files that were there already.")
    card_kept: bool = Field(
        default=False, description="Whether a README that a person has written was left as it is."
    )
    url: str = Field(description="The data set's page.")


class Variables(_Fact):
    """Which of the variables or secrets of a Space were set."""

    set: list[str] = Field(default_factory=list, description="Names that were set.")
    unchanged: list[str] = Field(default_factory=list, description="Names that had that value already.")
