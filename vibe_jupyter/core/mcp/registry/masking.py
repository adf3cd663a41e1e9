"""Which parts of a configuration are secret: taken out before it is stored, and shown as ***.

Values of environment variables and headers always are, unless they only refer to a variable. In arguments and URLs
it takes a sign: a flag or parameter named for it, or the look of a known kind of token.
"""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vibe_jupyter.core.mcp.registry.variables import SECRET, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["HIDDEN", "Hider", "shown"]

HIDDEN = "***"
_SECRET_NAME = re.compile(
    r"(?i)(token|secret|passw|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|bearer)|(^|[-_])key$"
)
_KNOWN_TOKEN = re.compile(
    r"(ghp_|gho_|ghs_|github_pat_|glpat-|hf_|sk-|xox[abprs]-|AKIA|AIza|npm_|pypi-)[\w-]{8,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}"
)
_SECRET_REFERENCE = re.compile(r"\$\{secret:[^}]*\}")
_ONLY_VARIABLES = re.compile(r"(?:\$\{[^}]*\}|[\s:/@.,;=-]|Bearer|Basic|Token|token)*")


def shown(text: str) -> str:
    """Return a stored text as it may be shown.

    >>> shown("--token=${secret:mcp/git/args/1} ${HOME}")
    '--token=*** ${HOME}'
    """
    return _SECRET_REFERENCE.sub(HIDDEN, text)


@dataclass
class Hider:
    """Takes secrets out of the parts of one configuration, and keeps them by the name that takes their place."""

    prefix: str
    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def value(self, text: str, place: str) -> str:
        """Return a reference in the place of a value that is always secret, unless it only refers itself."""
        if not text or (names_in(text) and _ONLY_VARIABLES.fullmatch(text)):
            return text
        return self._reference(text, place)

    def arguments(self, words: Sequence[str]) -> list[str]:
        """Return a command's arguments without what looks secret in them."""
        return list(self._arguments(words))

    def _arguments(self, words: Sequence[str]) -> Iterator[str]:
        is_secret_next = False
        for number, word in enumerate(words):
            place = f"args/{number}"
            flag, equals, value = word.partition("=")
            if is_secret_next and not word.startswith("-"):
                yield self.value(word, place)
            elif equals and value and _SECRET_NAME.search(flag.lstrip("-")):
                yield f"{flag}={self.value(value, place)}"
            elif "://" in word:
                yield self.url(word, place)
            else:
                yield _KNOWN_TOKEN.sub(lambda found, place=place: self._reference(found[0], place), word)  # type: ignore[misc]
            is_secret_next = (
                word.startswith("-") and not equals and bool(_SECRET_NAME.search(flag.lstrip("-")))
            )

    def url(self, url: str, place: str = "url") -> str:
        """Return a URL without its password, and without parameters that are named for a secret or look like one."""
        scheme, found, rest = url.partition("://")
        if not found:
            return url
        host, slash, path = rest.partition("/")
        user, at, host_alone = host.rpartition("@")
        if at and not names_in(user):
            host = f"{self._reference(user, f'{place}/user')}@{host_alone}"
        path, question, query = path.partition("?")
        pairs = []
        for pair in query.split("&") if question else []:
            name, equals, value = pair.partition("=")
            if value and not names_in(value) and _SECRET_NAME.search(urllib.parse.unquote(name)):
                value = self._reference(value, f"{place}/{name}")
            pairs.append(f"{name}{equals}{value}")
        path = _KNOWN_TOKEN.sub(lambda found: self._reference(found[0], f"{place}/path"), path)
        return f"{scheme}://{host}{slash}{path}{question}{'&'.join(pairs)}"

    def _reference(self, text: str, place: str) -> str:
        name = f"{self.prefix}{place}"
        while self.secrets.get(name, text) != text:
            name += "+"
        self.secrets[name] = text
        return f"${{{SECRET}{name}}}"
