"""All settings of the platform, in one class, from the environment or an `.env` file.

Every setting has the prefix `VIBE_`; the database URL, the log level and debug also answer to the usual plain
names. An `.env` file is read only from the data directory or from `VIBE_ENV_FILE`, never from the folder that
a notebook happens to run in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from vibe_jupyter.core.errors import InvalidInput

__all__ = ["Settings", "default_data_dir", "load_settings"]


def default_data_dir() -> Path:
    """Return the folder for our files: `VIBE_DATA_DIR`, else the platform's place for user data."""
    if configured := os.environ.get("VIBE_DATA_DIR"):
        return Path(configured).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("vibe-jupyter", appauthor=False))


class Settings(BaseSettings):
    """What can be configured; each field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_prefix="VIBE_", extra="ignore", env_ignore_empty=True, populate_by_name=True, frozen=True
    )

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of the databases and other files of the platform. Created with mode 0700.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("VIBE_DATABASE_URL", "DATABASE_URL"),
        description="SQLAlchemy URL, e.g. postgresql+psycopg://user:password@host/vibe. "
        "Default: SQLite in the data directory.",
    )
    server_url: str | None = Field(
        default=None,
        description="Base URL of the Jupyter server that kernels and scripts talk to, e.g. http://127.0.0.1:8888/, "
        "or in-process to use none. "
        "Set for kernels by the server extension itself.",
    )
    server_token: SecretStr | None = Field(default=None, description="Token for the server at server_url.")
    autoload: bool = Field(
        default=True, description="Whether %vibe loads itself in every IPython of this environment."
    )
    allowed_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(),
        description="Folders that tasks may read beside the server's root and registered projects, "
        f"separated by {os.pathsep!r}.",
    )
    secret_keys: SecretStr | None = Field(
        default=None,
        description="Pass phrases for the secrets in the database, separated by white space: the first one encrypts, "
        "all decrypt. Default: a file secret.key in the data directory, made at the first use; set this where several "
        "machines share a database.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="One pass phrase, which may hold spaces; it comes after those of VIBE_SECRET_KEYS.",
    )
    mcp_allow_stdio: bool | None = Field(
        default=None,
        description="Whether MCP servers that are commands may be registered: they run with the rights of this "
        "server. Default: only while there is a single user.",
    )
    mcp_max_result_bytes: int = Field(
        default=64 * 2**20,
        ge=1024,
        le=2**30,
        description="Largest answer that is taken from an MCP server, in bytes.",
    )
    mcp_idle_s: float = Field(
        default=300,
        gt=0,
        le=7 * 86_400,
        description="After so many seconds without a call an MCP server is stopped; the next call starts it.",
    )
    allow_private_addresses: bool | None = Field(
        default=None,
        description="Whether URLs that users give may point to this machine or its network. Default: only while "
        "there is a single user.",
    )
    question_timeout_s: float = Field(
        default=300,
        gt=0,
        le=86_400,
        description="How long a call or task waits for a person's answer to its question, in seconds.",
    )
    multi_user: bool = Field(default=False, description="Whether accounts beyond the local owner exist.")
    log_level: str = Field(
        default="WARNING",
        validation_alias=AliasChoices("VIBE_LOG_LEVEL", "LOG_LEVEL"),
        description="DEBUG, INFO, WARNING, ERROR or CRITICAL.",
    )
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines look.")
    debug: bool = Field(
        default=False,
        validation_alias=AliasChoices("VIBE_DEBUG", "DEBUG"),
        description="Whether errors of our own are shown with their stack.",
    )
    task_concurrency: int = Field(
        default=32, ge=1, le=1024, description="Tasks that one process runs at once."
    )
    task_concurrency_per_user: int = Field(
        default=16, ge=1, le=1024, description="Of these, tasks that one user may have running at once."
    )
    task_timeout_s: float = Field(
        default=3600,
        gt=0,
        le=7 * 86_400,
        description="Time limit in seconds of a task that sets none of its own.",
    )
    task_retention_days: float = Field(
        default=90, gt=0, le=36_500, description="How long ended tasks and their events are kept, in days."
    )
    worker_processes: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Worker processes for blocking work in one process of the platform.",
    )
    kg_query_timeout_s: float = Field(
        default=10,
        gt=0,
        le=3600,
        description="After so many seconds a query of a knowledge graph is stopped, with an error.",
    )
    kg_max_rows: int = Field(
        default=100_000,
        ge=1,
        le=100_000_000,
        description="A query of a knowledge graph with more rows than this is answered with an error.",
    )
    kg_max_result_bytes: int = Field(
        default=64 * 2**20,
        ge=1024,
        le=512 * 2**20,
        description="A query of a knowledge graph with a larger answer, in bytes, is answered with an error.",
    )
    kg_query_memory_mb: int = Field(
        default=1024,
        ge=64,
        le=2**20,
        description="Memory in MB that one query of a knowledge graph may need (on Linux).",
    )
    kg_query_workers: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Queries of knowledge graphs that one process of the platform answers at once.",
    )
    checkpoint_max_mb: int = Field(
        default=1024,
        ge=1,
        le=2**20,
        description="Disk space in MB for the checkpoints of one project; the oldest make room.",
    )
    checkpoint_max_file_mb: int = Field(
        default=64, ge=1, le=2**20, description="Larger files, in MB, are left out of checkpoints."
    )
    checkpoint_keep: int = Field(
        default=500, ge=2, le=100_000, description="So many checkpoints of a project are kept."
    )
    lease_ttl_s: float = Field(
        default=30,
        gt=0.5,
        le=86_400,
        description="After so many seconds without a sign a process on another machine is dead.",
    )
    max_body_bytes: int = Field(
        default=8 * 2**20,
        ge=1024,
        le=512 * 2**20,  # what Jupyter itself takes at most
        description="Largest request body that the REST API accepts, in bytes.",
    )
    github_api_url: str = Field(
        default="https://api.github.com",
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Base URL of GitHub's REST API; of an enterprise server it ends with /api/v3.",
    )
    github_url: str = Field(
        default="https://github.com",
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Base URL of GitHub's pages and of its sign-in.",
    )
    github_pause_s: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="Seconds between two requests that change something on GitHub, which asks for one; between "
        "others a quarter of that.",
    )
    hf_endpoint: str = Field(
        default="https://huggingface.co",
        validation_alias=AliasChoices("VIBE_HF_ENDPOINT", "HF_ENDPOINT"),
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Base URL of Hugging Face's hub.",
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("allowed_roots", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part for part in value.split(os.pathsep) if part.strip()]
        return tuple(Path(part).expanduser().absolute() for part in value)

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
            raise ValueError("use DEBUG, INFO, WARNING, ERROR or CRITICAL")
        return level

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the `.env` file of the data directory, unless `VIBE_ENV_FILE` names another one."""
        from pydantic_settings import DotEnvSettingsSource

        dotenv = DotEnvSettingsSource(settings_cls, env_file=cls.env_file(), env_file_encoding="utf-8")
        return init_settings, env_settings, dotenv

    def in_clear(self) -> dict[str, Any]:
        """Return all values as JSON can hold them, secrets in clear: for a process of ours, never to be shown."""
        values = self.model_dump(mode="json")
        for name in type(self).model_fields:
            if isinstance(secret := getattr(self, name), SecretStr):
                values[name] = secret.get_secret_value()
        return values

    @property
    def pass_phrases(self) -> tuple[str, ...]:
        """Return the pass phrases for the secrets, the one that encrypts first; none if a file has the key."""
        several = self.secret_keys.get_secret_value().split() if self.secret_keys is not None else []
        one = [self.secret_key.get_secret_value()] if self.secret_key is not None else []
        return tuple(dict.fromkeys([*several, *one]))

    @staticmethod
    def env_file() -> Path:
        """Return the `.env` file that is read if it exists."""
        named = os.environ.get("VIBE_ENV_FILE")
        return Path(named).expanduser() if named else default_data_dir() / ".env"

    @property
    def allows_private_addresses(self) -> bool:
        """Return whether URLs that users give may point to this machine or its network."""
        allowed = self.allow_private_addresses
        return not self.multi_user if allowed is None else allowed

    @property
    def effective_database_url(self) -> str:
        """Return the URL in force, password and all: never show it."""
        if self.database_url is not None:
            url = self.database_url.get_secret_value()
            scheme, found, rest = url.partition("://")
            return f"postgresql+psycopg{found}{rest}" if scheme in ("postgres", "postgresql") else url
        return f"sqlite:///{(self.data_dir / 'vibe.db').as_posix()}"

    @property
    def engine_database_url(self) -> str:
        """Return where the task engine keeps its own tables: beside ours, in a file or schema of its own."""
        if self.effective_database_url.startswith("sqlite"):
            return f"sqlite:///{(self.data_dir / 'dbos.db').as_posix()}"
        return self.effective_database_url


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        InvalidInput: `config.invalid`, naming each faulty variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        text = "; ".join(f"{_variable(str(fault['loc'][0]))}: {fault['msg']}" for fault in faults)
        raise InvalidInput(
            text,
            code="config.invalid",
            hint="correct it in the environment or in the .env file; see .env.example",
        ) from None


def _variable(location: str) -> str:
    """Return the environment variable of a field; pydantic names an aliased one by the variable already."""
    return location if location.isupper() else f"VIBE_{location.upper()}"
