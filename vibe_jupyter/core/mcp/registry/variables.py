"""`${...}` in a configuration: resolved when a server starts, never stored resolved, never passed on as it stands.

Understood are `${VAR}`, `${VAR:-default}`, `${env:VAR}`, `${input:id}` and the folders that VS Code knows. A default
ends at the first `}` and holds no variable. `$${` is a plain `${`; one that no `}` follows is plain text as well. A
value that is put in is not searched for further variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.errors import ConfigError, UnresolvedVariable

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SECRET", "Variables", "check_nesting", "input_variable", "is_ours", "names_in"]

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)\}")
SECRET = "secret:"  # noqa: S105 - a prefix, no secret
_ENV, _INPUT = "env:", "input:"
_INPUT_VARIABLE = "VIBE_MCP_INPUT_"


def names_in(text: str) -> list[str]:
    """Return what stands between the braces, in order.

    >>> names_in("Bearer ${TOKEN} $${TOKEN} $TOKEN ${PORT:-80}")
    ['TOKEN', 'PORT:-80']
    """
    return [found[1] for found in _VARIABLE.finditer(text) if found[1] is not None]


def check_nesting(text: str, where: str) -> None:
    """Refuse a variable inside another one, of which a part would be passed on as it stands.

    Raises:
        ConfigError: naming it.
    """
    for name in names_in(text):
        if "${" in name:
            raise ConfigError(
                f"{where}: the default of ${{{name.partition(':-')[0]}}} is a variable itself",
                hint="a default must be plain text",
                errors=[{"loc": where.split(".", 1), "msg": "a variable inside another one"}],
            )


def input_variable(name: str) -> str:
    """Return the environment variable that answers an `${input:id}`.

    >>> input_variable("github-token")
    'VIBE_MCP_INPUT_GITHUB_TOKEN'
    """
    return f"{_INPUT_VARIABLE}{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"


def is_ours(variable: str) -> bool:
    """Return whether an environment variable is a setting of our own, such as the key of all secrets.

    >>> is_ours("VIBE_SECRET_KEY"), is_ours("VIBE_MCP_INPUT_TOKEN"), is_ours("HOME")
    (True, False, False)
    """
    return variable.upper().startswith("VIBE_") and not variable.upper().startswith(_INPUT_VARIABLE)


@dataclass(frozen=True)
class Variables:
    """Where values come from.

    Args:
        environment: for `${VAR}`, `${env:VAR}`, and `${input:id}` as `VIBE_MCP_INPUT_ID`; our own settings in it are
            not given away.
        secrets: for `${secret:name}`.
        inputs: what an input is if nothing else says so.
        folders: `workspaceFolder`, `userHome` and the like.
    """

    environment: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    folders: Mapping[str, str] = field(default_factory=dict)

    def expand(self, text: str, where: str) -> str:
        """Return a text with all variables resolved; `where` is its place, for the message.

        Raises:
            UnresolvedVariable: naming the first one without a value.
            ConfigError: if one stands inside another.

        >>> Variables({"HOME": "/me"}).expand("${HOME}/x ${PORT:-80} $${HOME}", "args")
        '/me/x 80 ${HOME}'
        """
        check_nesting(text, where)

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
            return self._input(name.removeprefix(_INPUT), where)
        variable, has_default, default = name.removeprefix(_ENV).partition(":-")
        if ":" in variable:
            kind = variable.partition(":")[0]
            raise _unresolved(
                name, where, f"variables of the kind {kind}: are not known here; write the value itself"
            )
        found = None if is_ours(variable) else self.environment.get(variable)
        if found or (found is not None and not has_default):
            return found
        if has_default:
            return default
        raise _unresolved(
            name,
            where,
            "settings of vibe_jupyter are not given away"
            if is_ours(variable)
            else f"set {variable} in the environment of the server and restart it",
        )

    def _input(self, name: str, where: str) -> str:
        variable = input_variable(name)
        found = self.environment.get(variable, self.inputs.get(name))
        if found is None:
            raise _unresolved(
                f"{_INPUT}{name}", where, f"set {variable} in the environment of the server and restart it"
            )
        return found


def _unresolved(name: str, where: str, hint: str) -> UnresolvedVariable:
    return UnresolvedVariable(
        f"{where}: the variable ${{{name}}} has no value",
        hint=hint,
        errors=[{"loc": where.split(".", 1), "msg": f"unresolved variable {name}"}],
        data={"variable": name},
    )
