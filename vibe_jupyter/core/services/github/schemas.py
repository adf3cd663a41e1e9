"""What we tell GitHub and what it tells us, in our words."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Branch",
    "Commit",
    "GitHubUser",
    "Issue",
    "Permissions",
    "PullRequest",
    "PushProgress",
    "Pushed",
    "RemoteFile",
    "RepoSpec",
    "Repository",
]


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GitHubUser(_Fact):
    """Whose token it is."""

    login: str = Field(description="Name of the account.")
    id: int = Field(description="Number of the account; it stays when the name changes.")
    name: str | None = Field(default=None, description="What the person wants to be called.")
    scopes: list[str] | None = Field(
        default=None,
        description="What the token may do; null for a fine-grained token, which does not say.",
    )


class RepoSpec(_Fact):
    """A repository to be made."""

    name: str = Field(description="Name of the repository, without its owner.")
    owner: str | None = Field(
        default=None, description="Account or organisation it belongs to; default: the token's."
    )
    description: str = Field(default="", max_length=350, description="One line about it.")
    private: bool = Field(default=True, description="Whether only invited people see it.")
    homepage: str | None = Field(default=None, description="URL of its page.")
    topics: list[str] = Field(default_factory=list, max_length=20, description="Words it is found by.")


class Permissions(_Fact):
    """What the token may do with a repository."""

    pull: bool = False
    push: bool = False
    admin: bool = False


class Repository(_Fact):
    """A repository on GitHub."""

    full_name: str = Field(description="`owner/name`, as GitHub spells it today.")
    url: str = Field(description="Page of the repository.")
    clone_url: str = Field(description="Where git clones it from.")
    default_branch: str = Field(description="Branch that is shown first.")
    private: bool = Field(description="Whether only invited people see it.")
    archived: bool = Field(default=False, description="Whether it is read-only for everybody.")
    empty: bool = Field(description="Whether it has no commit yet.")
    description: str = Field(default="", description="One line about it.")
    permissions: Permissions = Field(default=Permissions(), description="What the token may do with it.")


class Branch(_Fact):
    """A branch of a repository."""

    name: str
    sha: str = Field(description="Its newest commit.")
    protected: bool = False


class Commit(_Fact):
    """A commit of a repository."""

    sha: str
    message: str
    author: str | None = Field(default=None, description="Account, or else the name that the commit gives.")
    date: str | None = Field(default=None, description="When it was made, as ISO 8601.")
    url: str


class PullRequest(_Fact):
    """A pull request."""

    number: int
    url: str
    title: str
    state: Literal["open", "closed"]
    draft: bool = False
    head: str = Field(description="Branch with the changes.")
    base: str = Field(description="Branch that they shall go into.")
    existed: bool = Field(default=False, description="Whether it was open already, so that none was made.")


class Issue(_Fact):
    """An issue; pull requests are none here."""

    number: int
    title: str
    state: Literal["open", "closed"]
    url: str
    author: str | None = None
    labels: list[str] = Field(default_factory=list)
    body: str = ""
    comments: int = 0
    created_at: str | None = None
    updated_at: str | None = None


class RemoteFile(_Fact):
    """A file in a commit on GitHub."""

    path: str
    kind: Literal["file", "executable", "link", "submodule"]
    sha: str = Field(description="Git's id of its content.")
    size_bytes: int | None = None


class PushProgress(_Fact):
    """How far a push has come."""

    step: Literal["compare", "files", "commit", "done"]
    done: int = Field(description="Files or requests of this step that are done.")
    total: int = Field(description="Files or requests of this step.")


class Pushed(_Fact):
    """What a push did."""

    full_name: str
    branch: str
    commit: str = Field(description="The branch's newest commit now.")
    url: str = Field(description="Page of that commit.")
    changed: bool = Field(description="Whether a commit was made; false if everything was there already.")
    base: str | None = Field(default=None, description="The commit that it was made on.")
    files_changed: int = Field(default=0, description="Files that are new or different in the commit.")
    files_deleted: int = Field(default=0, description="Files that are gone in the commit.")
    bytes_sent: int = Field(default=0, description="Content that had to be sent, in bytes.")
