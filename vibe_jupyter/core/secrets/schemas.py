"""Secrets as the API speaks of them: by name. A value goes in, and never comes out."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, SecretStr

from vibe_jupyter.core.errors import InvalidInput

__all__ = [
    "MAX_VALUE_BYTES",
    "SecretInfo",
    "SecretList",
    "SecretScope",
    "SecretSource",
    "SecretValue",
    "SecretsQuery",
    "check_name",
    "is_name",
]

MAX_VALUE_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,99}")

SecretScope = Literal["user", "project"]
SecretSource = Literal["project", "user", "environment", "huggingface_hub", "keyring"]
"""Where a value comes from, in the order in which it is looked for."""

_Sent = Annotated[
    SecretStr,
    PlainSerializer(lambda value: value.get_secret_value(), return_type=str, when_used="json"),
    Field(json_schema_extra={"writeOnly": True}),
]
"""In the clear only where it is sent: as JSON. Its `repr`, and `model_dump()`, hide it."""


def is_name(text: str) -> bool:
    """Return whether a person can give a secret this name.

    >>> is_name("GITHUB_TOKEN"), is_name("mcp/git/env/TOKEN"), is_name("token")
    (True, False, False)
    """
    return _NAME.fullmatch(text) is not None


def check_name(text: str) -> None:
    """Refuse what is no name, without repeating it: it may be the value.

    Raises:
        InvalidInput: `secrets.bad_name`.
    """
    if not is_name(text):
        raise InvalidInput(
            "this is no name of a secret",
            code="secrets.bad_name",
            hint="upper-case letters, digits and _, at most 100, the first one a letter: GITHUB_TOKEN; "
            "the value is asked for",
            errors=[{"loc": ["name"], "msg": "String should match pattern '[A-Z][A-Z0-9_]{0,99}'"}],
        )


class SecretsQuery(BaseModel):
    """Whose secrets are meant."""

    model_config = ConfigDict(extra="forbid")

    project_id: str | None = Field(
        default=None, description="A project of yours, whose secrets go before your own there."
    )


class SecretValue(BaseModel):
    """The value of a secret."""

    model_config = ConfigDict(extra="forbid")

    value: _Sent = Field(
        description="The value: text of at most 64 KiB. It is stored encrypted, and never shown."
    )
    project_id: str | None = Field(
        default=None, description="The project of yours that alone may use it; default: all your work."
    )


class SecretInfo(BaseModel):
    """A secret, of which nobody is told the value."""

    name: str
    scope: SecretScope = Field(description="`user`: for all your work; `project`: for one project.")
    project_id: str | None = None
    created_at: str = Field(description="When this value was given.")


class SecretList(BaseModel):
    """Secrets by name; a project's stand before those of its user."""

    secrets: list[SecretInfo]
