"""The tables, declared once. Hot paths use Core statements on `Model.__table__`, never the ORM's sessions.

Timestamps are ISO 8601 text in UTC with microseconds and a `Z`, and JSON is text: both pass from the row to a
response as they are, sort as they should, and are the same on SQLite and PostgreSQL.
"""

from __future__ import annotations

from typing import ClassVar, cast

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

__all__ = [
    "AccessToken",
    "AuditEntry",
    "Base",
    "Lease",
    "McpApproval",
    "McpListing",
    "McpServer",
    "OauthState",
    "Outbox",
    "Project",
    "Question",
    "RefreshToken",
    "RevokedToken",
    "Secret",
    "SignInFailure",
    "Task",
    "TaskEvent",
    "User",
    "table_of",
]


class Base(DeclarativeBase):
    """What all models share: predictable names of constraints, which migrations need."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {str: sa.Text, int: sa.BigInteger, float: sa.Double}


class User(Base):
    """Somebody who owns tasks and projects; the single user of an installation is `local`."""

    __tablename__ = "users"
    __table_args__ = (
        sa.Index("uq_users_email", "email", unique=True),
        sa.Index("uq_users_github_id", "github_id", unique=True),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[str]
    email: Mapped[str | None]
    """As it was given, in lower case; None for the local owner and for users of a hub."""
    password_hash: Mapped[str | None]
    """argon2id, with its parameters; None for who signs in another way."""
    github_id: Mapped[str | None]
    """GitHub's own number of the user, which stays when the login changes."""
    github_login: Mapped[str | None]
    disabled_at: Mapped[str | None]
    task_count: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many tasks the user has; counting them for each page of the history would cost milliseconds."""
    mcp_revision: Mapped[int] = mapped_column(default=0, server_default="0")
    """Counts the changes to what the user's MCP servers offer: every process that has an older number reads anew."""

    tasks: Mapped[list[Task]] = relationship(back_populates="user")
    projects: Mapped[list[Project]] = relationship(back_populates="user")


class Project(Base):
    """A registered folder of a user."""

    __tablename__ = "projects"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "root"),
        sa.Index("ix_projects_history", "user_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"))
    name: Mapped[str]
    root: Mapped[str]
    created_at: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    template: Mapped[str | None]
    """The name or source of the template that it was made from; None for an adopted folder."""
    github: Mapped[str | None]
    """JSON: the repository that it is pushed to, and what was pushed last."""
    space: Mapped[str | None]
    """JSON: the Space that it is deployed to, and what was deployed last."""
    updated_at: Mapped[str | None]
    archived_at: Mapped[str | None]

    user: Mapped[User] = relationship(back_populates="projects")
    tasks: Mapped[list[Task]] = relationship(back_populates="project")


class Task(Base):
    """One request with its state and result."""

    __tablename__ = "tasks"
    __table_args__ = (
        sa.Index("ix_tasks_history", "user_id", "created_at", "id"),
        sa.Index(
            "ix_tasks_unfinished",
            "executor_id",
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        ),
        sa.Index(
            "ix_tasks_finished",
            "user_id",
            "finished_at",
            "id",
            sqlite_where=sa.text("finished_at IS NOT NULL"),
            postgresql_where=sa.text("finished_at IS NOT NULL"),
        ),
        sa.UniqueConstraint("user_id", "idempotency_key"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"))
    project_id: Mapped[str | None] = mapped_column(sa.ForeignKey("projects.id"))
    type: Mapped[str]
    capability: Mapped[str]
    input: Mapped[str]
    required_capabilities: Mapped[str]
    root: Mapped[str]
    priority: Mapped[int]
    timeout_s: Mapped[float]
    idempotency_key: Mapped[str | None]
    retry_of: Mapped[str | None]
    state: Mapped[str]
    target_id: Mapped[str | None]
    target_type: Mapped[str | None]
    progress: Mapped[str | None]
    error: Mapped[str | None]
    executor_id: Mapped[str | None]
    is_shared: Mapped[int]
    """1 if any server or worker may run it, 0 if only the process that accepted it."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    revivals: Mapped[int] = mapped_column(server_default="0")
    cancel_requested: Mapped[int] = mapped_column(server_default="0")
    last_seq: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[str]
    started_at: Mapped[str | None]
    finished_at: Mapped[str | None]
    # The large ones come last: SQLite walks through them to reach what lies behind.
    explanation: Mapped[str | None]
    parts: Mapped[str | None]
    result: Mapped[str | None]

    user: Mapped[User] = relationship(back_populates="tasks")
    project: Mapped[Project | None] = relationship(back_populates="tasks")
    events: Mapped[list[TaskEvent]] = relationship(back_populates="task", passive_deletes=True)


class TaskEvent(Base):
    """Something that happened to a task; `seq` counts from 1 without gaps."""

    __tablename__ = "task_events"
    __table_args__ = ({"sqlite_with_rowid": False},)

    task_id: Mapped[str] = mapped_column(sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    at: Mapped[str]
    data: Mapped[str]

    task: Mapped[Task] = relationship(back_populates="events")


class Outbox(Base):
    """An accepted task that the engine does not have yet; `executor_id` is who hands it over."""

    __tablename__ = "outbox"
    __table_args__ = (sa.Index("ix_outbox_next", "executor_id", "user_id", "rank", "task_id"),)

    task_id: Mapped[str] = mapped_column(sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    executor_id: Mapped[str]
    user_id: Mapped[str]
    rank: Mapped[int]
    """Minus the task's priority: the lowest goes first."""
    is_shared: Mapped[int]


class McpServer(Base):
    """A registered MCP server; `config` and `policy` are JSON in which secrets are references."""

    __tablename__ = "mcp_servers"
    __table_args__ = (sa.UniqueConstraint("user_id", "slug"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"))
    slug: Mapped[str]
    """What the API calls its id."""
    name: Mapped[str]
    project_id: Mapped[str | None] = mapped_column(sa.ForeignKey("projects.id"))
    """The project that it belongs to; none for one that is there for all of the user's work."""
    transport: Mapped[str]
    config: Mapped[str]
    policy: Mapped[str]
    enabled: Mapped[int]
    source: Mapped[str | None]
    """The file that it was imported from."""
    created_at: Mapped[str]
    updated_at: Mapped[str]


class McpListing(Base):
    """What an MCP server has said that it offers, so that listing needs no start, and the era that it speaks."""

    __tablename__ = "mcp_listings"

    server_id: Mapped[str] = mapped_column(
        sa.ForeignKey("mcp_servers.id", ondelete="CASCADE"), primary_key=True
    )
    config_key: Mapped[str]
    """Hash of the configuration and of our own declared capabilities: with another one the listing is stale."""
    era: Mapped[str | None]
    era_checked_at: Mapped[str | None]
    listed_at: Mapped[str | None]
    listing: Mapped[str | None]


class McpApproval(Base):
    """What a person has decided about one tool, for the definition that they saw (its fingerprint)."""

    __tablename__ = "mcp_approvals"

    server_id: Mapped[str] = mapped_column(
        sa.ForeignKey("mcp_servers.id", ondelete="CASCADE"), primary_key=True
    )
    tool: Mapped[str] = mapped_column(primary_key=True)
    approval: Mapped[str]
    fingerprint: Mapped[str]
    decided_at: Mapped[str]


class Question(Base):
    """Something that a person must decide while an operation or a task waits; the first answer counts."""

    __tablename__ = "questions"
    __table_args__ = (sa.Index("ix_questions_state", "user_id", "state", "created_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"))
    kind: Mapped[str]
    state: Mapped[str]
    message: Mapped[str]
    answer_schema: Mapped[str | None]
    context: Mapped[str]
    task_id: Mapped[str | None] = mapped_column(sa.ForeignKey("tasks.id", ondelete="CASCADE"))
    call_id: Mapped[str | None]
    """A direct call that waits, under the name that the caller gave it."""
    answer: Mapped[str | None]
    created_at: Mapped[str]
    expires_at: Mapped[str]
    answered_at: Mapped[str | None]
    asker: Mapped[str | None]
    """The process that waits for the answer: the JSON of its `ProcessIdentity`."""


class Secret(Base):
    """A secret value, encrypted with the installation's key; configurations refer to it by name."""

    __tablename__ = "secrets"

    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    ciphertext: Mapped[str]
    created_at: Mapped[str]


class RefreshToken(Base):
    """A refresh token, by the SHA-256 of it; each is good for one use, and a second use revokes its whole family."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (sa.Index("ix_refresh_tokens_family", "family"),)

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    family: Mapped[str]
    """One for each sign-in; all tokens that came of it have it."""
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"))
    issued_at: Mapped[str]
    expires_at: Mapped[str]
    used_at: Mapped[str | None]
    revoked_at: Mapped[str | None]


class AccessToken(Base):
    """A personal access token, by the SHA-256 of it."""

    __tablename__ = "access_tokens"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index("ix_access_tokens_user", "user_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.ForeignKey("users.id"))
    name: Mapped[str]
    token_hash: Mapped[str]
    hint: Mapped[str]
    """Its last characters, by which a person knows it again."""
    scopes: Mapped[str]
    """JSON: a list of names."""
    created_at: Mapped[str]
    expires_at: Mapped[str]
    last_used_at: Mapped[str | None]
    revoked_at: Mapped[str | None]


class RevokedToken(Base):
    """A signed access token that is not good any more although its time has not come, by its `jti`."""

    __tablename__ = "revoked_tokens"

    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[str]


class OauthState(Base):
    """A sign-in with GitHub that has begun: good for one callback, and for a short time."""

    __tablename__ = "oauth_states"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str | None]
    """Who links an account that is there already; None for a sign-in."""
    ciphertext: Mapped[str]
    """The PKCE verifier, or the device code, encrypted with the installation's key."""
    next: Mapped[str]
    created_at: Mapped[str]
    expires_at: Mapped[str]


class SignInFailure(Base):
    """How often signing in has failed of late, by what is limited: an account, or an address."""

    __tablename__ = "sign_in_failures"

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    since: Mapped[float]
    """Seconds since 1970."""


class AuditEntry(Base):
    """Who did what, when and from where. Entries are added and, after the retention, deleted; never changed."""

    __tablename__ = "audit_log"
    __table_args__ = (sa.Index("ix_audit_log_user", "user_id", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[str]
    user_id: Mapped[str | None]
    """None where nobody was recognised."""
    via: Mapped[str | None]
    action: Mapped[str]
    subject: Mapped[str | None]
    """What it was done to: an id or an e-mail address."""
    address: Mapped[str | None]
    outcome: Mapped[str]
    """`ok`, or the code of the error."""


class Lease(Base):
    """A process that runs tasks, and until when (seconds since 1970) it is taken to be alive."""

    __tablename__ = "leases"

    executor_id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    boot_id: Mapped[str]
    pid: Mapped[int]
    started: Mapped[str]
    serves_shared: Mapped[int]
    expires: Mapped[float]
    reaper: Mapped[str | None]
    reaper_until: Mapped[float | None]


def table_of(model: type[Base]) -> sa.Table:
    """Return the Core table of a model."""
    return cast("sa.Table", model.__table__)
