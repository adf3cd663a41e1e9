"""What a configuration must be, before it is stored: nothing in it fails later in a way that says nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.errors import ConfigError
from vibe_jupyter.core.mcp.registry.masking import HIDDEN
from vibe_jupyter.core.mcp.registry.variables import SECRET, check_nesting, names_in
from vibe_jupyter.core.secrets.schemas import is_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.mcp.registry.records import ServerConfig
    from vibe_jupyter.core.mcp.schemas import McpAdd
    from vibe_jupyter.core.mcp.spec import TransportKind

__all__ = ["check_config", "check_header", "checkable_url", "kind_of"]

_ENV_NAME = re.compile(r"[A-Za-z_][\w.()-]*", re.ASCII)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.1


def kind_of(body: McpAdd) -> TransportKind:
    """Return the transport that is meant.

    Raises:
        ConfigError: if it lacks what it needs, or has what it cannot use.
    """
    if not (body.transport or body.command or body.url):
        raise _wrong("command", "give a command or a url", "Field required")
    kind = body.transport or ("stdio" if body.command else "http")
    has, lacks = ("command", "url") if kind == "stdio" else ("url", "command")
    if not getattr(body, has):
        raise _wrong(has, f"a server of the kind {kind} needs one", "Field required")
    unwanted = ("headers",) if kind == "stdio" else ("args", "env", "cwd")
    for name in (lacks, *unwanted):
        if getattr(body, name):
            raise _wrong(name, f"a server of the kind {kind} has none", "not wanted")
    return kind


def check_config(config: ServerConfig, *, may_name_secrets: bool) -> None:
    """Check what somebody gives, which may be a part.

    Args:
        may_name_secrets: whether it may refer to secrets that the user has given; a configuration from elsewhere could
            carry them away.

    Raises:
        ConfigError: naming the faulty place.
    """
    for name in config.env:
        if not _ENV_NAME.fullmatch(name):
            raise _wrong(f"env.{name}", "this is no name of an environment variable")
    for name in config.headers:
        if not _HEADER_NAME.fullmatch(name):
            raise _wrong(f"headers.{name}", "this is no name of a header")
    for place, text in config.places.items():
        if "\x00" in text:
            raise _wrong(place, "it holds a null character")
        if HIDDEN in text:
            raise _wrong(
                place, f"{HIDDEN} stands for a value that is not shown", hint="give the value itself"
            )
        check_nesting(text, place)
        for name in names_in(text):
            if name.startswith(SECRET) and not (may_name_secrets and is_name(name.removeprefix(SECRET))):
                raise _wrong(
                    place,
                    f"${{{name}}} is not for configurations to use",
                    hint="give the value itself, or ${secret:NAME} for one of %vibe secrets list with %vibe mcp set",
                )
    for name, value in config.headers.items():
        check_header(name, value)


def check_inputs(inputs: Mapping[str, str]) -> None:
    """Refuse defaults that refer to secrets.

    Raises:
        ConfigError: naming the faulty one.
    """
    for name, default in inputs.items():
        if any(one.startswith(SECRET) for one in names_in(default)):
            raise _wrong(f"inputs.{name}", "its default refers to a secret", hint="give the value itself")


def check_header(name: str, value: str) -> None:
    """Refuse a value that would end its header.

    Raises:
        ConfigError: naming it, but not the value.
    """
    if any(ord(character) < 32 and character != "\t" for character in value):
        raise _wrong(f"headers.{name}", "its value holds a line break or another control character")


def checkable_url(url: str) -> str:
    """Return a URL whose variables cannot be mistaken for a host; what they stand for is checked at the start.

    >>> checkable_url("http://${HOST}:80/mcp"), checkable_url("https://x.test/${ID}")
    ('http://variable.invalid/', 'https://x.test/${ID}')
    """
    scheme, _, rest = url.partition("://")
    return "http://variable.invalid/" if names_in(scheme) or names_in(rest.partition("/")[0]) else url


def _wrong(place: str, why: str, message: str | None = None, hint: str | None = None) -> ConfigError:
    loc = place.split(".", 1)
    return ConfigError(f"{place}: {why}", hint=hint, errors=[{"loc": loc, "msg": message or why}])
