"""Which parts of a configuration are secret: taken out before it is stored, and shown as ***.

Values of environment variables and headers always are, unless they only refer to a variable. In arguments and URLs
it takes a sign: a flag, header or parameter named for it, or the look of a known kind of token.
"""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.registry.variables import SECRET, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vibe_jupyter.core.mcp.registry.records import ServerConfig
    from vibe_jupyter.core.mcp.registry.variables import Variables

__all__ = ["HIDDEN", "Hider", "conceal", "secret_values", "shown"]

HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"(?i:token(?!s|i[sz]e)|secret|passw|credential|authorization|bearer|cookie|(api|access|private|auth)[-_]?key)"
    r"|(?i:(?:^|[-_])(?:key|pass|pwd|pat|auth|jwt|dsn)$)|[a-z]Key$"
)
_KNOWN_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:gh[opsur]_|github_pat_|glpat-|hf_|xox[abeprs]-|xapp-|npm_|pypi-|dop_v1_|shpat_|lin_api_|tvly-"
    r"|[sr]k_(?:live|test)_|AKIA|ASIA|AIza|ya29\.)[\w-]{8,}"
    r"|sk-(?=[\w-]*\d)[\w-]{12,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,})"
)
_RANDOM_PATH = re.compile(
    r"(?<=/)(?:(?=[\w=-]*[a-z])(?=[\w=-]*[A-Z])(?=[\w=-]*\d)[\w=-]{24,}|[0-9a-fA-F-]{32,})(?=/|$)"
)
"""What some hosts put into the path of a URL in the place of a password."""
_SECRET_REFERENCE = re.compile(r"\$\{secret:[^}]*\}")
_ONLY_REFERENCES = re.compile(r"(?:\$\{(?:(?!:-[^}])[^}$])*\}|[\s:/@.,;=-]|Bearer|Basic|Token|token)*")
_HIDDEN = re.compile(rf"\$\{{{re.escape(SECRET)}[^}}]*\}}")
"""A reference that stands in the place of what was taken out."""
_HEADER = re.compile(r"([A-Za-z][\w-]*)(\s*:\s*)(?!//)(.+)", re.DOTALL)
_SECRET_IN_JSON = re.compile(r"""["']([\w-]+)["']\s*:""")
_PASSWORD_IN_URL = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
_SCHEME = re.compile(r"(?i:Bearer|Basic|Token)\s+")
_PATH = re.compile(r"(?:~|\.{0,2})/[^\n]*|[A-Za-z]:\\[^\n]*")
_URL = re.compile(r"([^?#]*?://)([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)


def shown(text: str) -> str:
    """Return a stored text as it may be shown.

    >>> shown("--token=${secret:mcp/git/args/1} ${HOME}")
    '--token=*** ${HOME}'
    """
    return _SECRET_REFERENCE.sub(HIDDEN, text)


def conceal(config: ServerConfig, prefix: str) -> tuple[ServerConfig, dict[str, str]]:
    """Return a configuration with references in the place of its secrets, and these by name."""
    hider = Hider(prefix, taken=config.secrets)
    inputs = enumerate(config.inputs.items())
    changed = {
        "env": {name: hider.value(value, f"env/{name}") for name, value in config.env.items()},
        "headers": {name: hider.value(value, f"headers/{name}") for name, value in config.headers.items()},
        "args": hider.arguments(config.args),
        "url": hider.url(config.url) if config.url else config.url,
        "inputs": {name: hider.value(default, f"inputs/{number}") for number, (name, default) in inputs},
    }
    return config.model_copy(update=changed), hider.secrets


def secret_values(places: Mapping[str, str], variables: Variables) -> frozenset[str]:
    """Return what the references in a configuration stand for, unless it is plainly no secret.

    Args:
        places: its texts by their places.
    """
    return frozenset(
        value
        for place, text in places.items()
        for name in names_in(text)
        for value in _secrets_of(name, variables.expand(f"${{{name}}}", place), place, variables)
    )


def _secrets_of(name: str, value: str, place: str, variables: Variables) -> Iterator[str]:
    variable, _, default = name.partition(":-")
    kind, _, own_name = place.partition(".")
    is_taken_out = name.startswith(SECRET) and kind != "env"  # for a sign that it is one
    is_named_for_one = bool(
        _SECRET_NAME.search(own_name) or _SECRET_NAME.search(variable.removeprefix(SECRET))
    )
    is_plain_path = _PATH.fullmatch(value) and not (is_taken_out or is_named_for_one)
    if name in variables.folders or value == default or is_plain_path:
        return
    yield value
    yield from _PASSWORD_IN_URL.findall(value)
    if scheme := _SCHEME.match(value):
        yield value[scheme.end() :]
    if place == "url" and ":" in value:
        yield value.partition(":")[2]


@dataclass
class Hider:
    """Takes secrets out of the parts of one configuration, and keeps them by the name that takes their place.

    Args:
        prefix: what all names begin with.
        taken: names that the configuration refers to already.
    """

    prefix: str
    taken: frozenset[str] = frozenset()
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def value(self, text: str, place: str) -> str:
        """Return a reference in the place of a value that is always secret, unless it only refers itself."""
        if not text or (names_in(text) and _ONLY_REFERENCES.fullmatch(text)):
            return text
        return self._reference(text, place)

    def arguments(self, words: Sequence[str]) -> list[str]:
        """Return a command's arguments without what looks secret in them."""
        return list(self._arguments(words))

    def url(self, url: str, place: str = "url") -> str:
        """Return a URL without its password, and without parameters that are named for a secret or look like one."""
        parts = _URL.fullmatch(url)
        if self._has_secret_default(url):
            return self._reference(url, place)
        if parts is None:
            return self._without_tokens(url, place)
        scheme, authority, path, query, fragment = parts.groups()
        user, at, host = authority.rpartition("@")
        path = _RANDOM_PATH.sub(
            lambda found: self._reference(found[0], place), self._without_tokens(path, place)
        )
        more = "".join(self._parameters(part, place) for part in (query, fragment) if part)
        return f"{scheme}{self.value(user, place)}{at}{host}{path}{more}"

    def _arguments(self, words: Sequence[str]) -> Iterator[str]:
        is_secret_next = False
        for number, word in enumerate(words):
            place = f"args/{number}"
            is_flag = word.startswith("-")
            yield self.value(word, place) if is_secret_next and not is_flag else self._word(word, place)
            is_secret_next = is_flag and "=" not in word and _is_named_for_a_secret(word)

    def _word(self, word: str, place: str) -> str:
        if self._has_secret_default(word):
            return self._reference(word, place)
        if (header := _HEADER.fullmatch(word)) and _SECRET_NAME.search(header[1]):
            return f"{header[1]}{header[2]}{self.value(header[3], place)}"
        if word[:1] in ("{", "[") and any(map(_SECRET_NAME.search, _SECRET_IN_JSON.findall(word))):
            return self._reference(word, place)
        flag, equals, value = word.partition("=")
        if equals and "://" not in flag:
            hidden = self.value if _is_named_for_a_secret(flag) else self._word
            return f"{flag}={hidden(value, place)}"
        return self.url(word, place) if "://" in word else self._without_tokens(word, place)

    def _parameters(self, text: str, place: str) -> str:
        pairs = []
        for pair in text[1:].split("&"):
            name, equals, value = pair.partition("=")
            is_secret = _SECRET_NAME.search(urllib.parse.unquote(name))
            value = self.value(value, place) if is_secret else self._without_tokens(value, place)
            pairs.append(f"{name}{equals}{value}")
        return text[0] + "&".join(pairs)

    def _without_tokens(self, text: str, place: str) -> str:
        """Replace what looks like a token, outside of references."""
        parts = re.split(r"(\$\{[^}]*\})", text)
        parts[::2] = [_KNOWN_TOKEN.sub(lambda found: self._reference(found[0], place), p) for p in parts[::2]]
        return "".join(parts)

    def _has_secret_default(self, text: str) -> bool:
        """Return whether a variable's default is a secret: then the whole text is one, in which it still works."""
        for name in names_in(text):
            variable, _, default = name.partition(":-")
            looked_at = Hider("")
            if default and (_SECRET_NAME.search(variable) or looked_at.arguments([default]) != [default]):
                return True
        return False

    def _reference(self, text: str, place: str) -> str:
        name = f"{self.prefix}{place}"
        while name in self.taken or self.secrets.get(name, text) != text:
            name += "+"
        self.secrets[name] = text
        return f"${{{SECRET}{name}}}"


def _is_named_for_a_secret(flag: str) -> bool:
    """Return whether a flag's name says that its value is secret; that something in it was hidden does not."""
    return bool(_SECRET_NAME.search(_HIDDEN.sub("", flag.lstrip("-"))))
