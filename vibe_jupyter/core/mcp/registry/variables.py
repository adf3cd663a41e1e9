"""`${...}` in a configuration: resolved when a server starts, never stored resolved, never passed on as it stands.

Understood are `${VAR}`, `${VAR:-default}`, `${env:VAR}`, `${input:id}` and the folders that VS Code knows. `$${` is a
plain `${`. A value that is put in is not searched for further variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.errors import UnresolvedVariable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SECRET", "Variables", "has_variable", "input_variable", "names_in"]

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
SECRET = "secret:"  # noqa: S105 - a prefix, no secret
_ENV, _INPUT = "env:", "input:"


def has_variable(text: str) -> bool:
    """Return whether there is something to resolve.

    >>> has_variable("Bearer ${TOKEN}"), has_variable("$${TOKEN}"), has_variable("$TOKEN")
    (True, False, False)
    """
    return bool(names_in(text))


def names_in(text: str) -> list[str]:
    """Return what stands between the braces, in order."""
    return [found[1] for found in _VARIABLE.finditer(text) if found[1] is not None]


def input_variable(name: str) -> str:
    """Return the environment variable that answers an `${input:id}`.

    >>> input_variable("github-token")
    'VIBE_MCP_INPUT_GITHUB_TOKEN'
    """
    return f"VIBE_MCP_INPUT_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"


@dataclass(frozen=True)
class Variables:
    """Where values come from.

    Args:
        environment: for `${VAR}`, `${env:VAR}`, and `${input:id}` as `VIBE_MCP_INPUT_ID`.
        secrets: for `${secret:name}`.
        inputs: what an input is if nothing else says so.
        folders: `workspaceFolder` and `userHome`.
    """

    environment: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    inputs: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)

    def expand(self, text: str, where: str) -> str:
        """Return a text with all variables resolved; `where` is its place, for the message.

        Raises:
            UnresolvedVariable: naming the first one without a value.

        >>> Variables({"HOME": "/me"}).expand("${HOME}/x ${PORT:-80} $${HOME}", "args")
        '/me/x 80 ${HOME}'
        """

        def value(found: re.Match[str]) -> str:
            return "${" if found[1] is None else self._value(found[1], where)

        return _VARIABLE.sub(value, text)

    def _value(self, name: str, where: str) -> str:
        if name.startswith(SECRET):
            inner = self.secrets.get(name.removeprefix(SECRET))
            if inner is None:
                raise _unresolved(name, where, "give its value again")
            # What a person gave may itself refer to a variable: `Bearer abc-${SUFFIX}`.
            plain = Variables(self.environment, {}, self.inputs, self.folders)
            return plain.expand(inner, where)
        if name in self.folders:
            return self.folders[name]
        if name.startswith(_INPUT):
            name = name.removeprefix(_INPUT)
            variable = input_variable(name)
            found = self.environment.get(variable, self.inputs.get(name))
            if found is None:
                raise _unresolved(f"input:{name}", where, f"set {variable} for the server and restart it")
            return found
        plain_name, has_default, default = name.removeprefix(_ENV).partition(":-")
        found = self.environment.get(plain_name)
        if found or (found is not None and not has_default):
            return found
        if has_default:
            return default
        raise _unresolved(name, where, f"set {plain_name} in the environment of the server and restart it")


def _unresolved(name: str, where: str, hint: str) -> UnresolvedVariable:
    return UnresolvedVariable(
        f"{where}: the variable ${{{name}}} has no value",
        hint=hint,
        errors=[{"loc": [where], "msg": f"unresolved variable {name}"}],
        data={"variable": name},
    )
