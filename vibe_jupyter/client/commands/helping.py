"""Help: all verbs, one of them, or one tool of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vibe_jupyter.client.commands.verbs import find_verb, help_text, is_group, verbs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vibe_jupyter.client.api import VibeClient
    from vibe_jupyter.client.commands.local import Surface

__all__ = ["HelpText", "asked_for_help", "help_of"]

_FLAGS = ("--help", "-h", "?")


class HelpText(str):
    """A text that is shown as it stands."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def asked_for_help(words: Sequence[str], surface: Surface) -> list[str] | None:
    """Return the words whose help is asked for: before `--help` or `?`, or with `?` at the end; else None.

    The question mark of a text asks for nothing: `task where is the login?`.
    """
    if is_group(words, surface):
        return list(words)
    if words[-1] in _FLAGS:
        return list(words[:-1])
    last = words[-1].rstrip("?")
    if not last or last == words[-1]:
        return None
    asked = [*words[:-1], last]
    verbs = verbs_of(surface)
    if " ".join(asked) in verbs or is_group(asked, surface):
        return asked
    verb = verbs.get(" ".join(asked[:2]))
    is_about_one = verb is not None and verb.own is not None and verb.own.help is not None
    return asked if is_about_one and len(asked) == 3 else None


def help_of(surface: Surface, words: Sequence[str], client: Callable[[], VibeClient]) -> Any:
    """Return help on the words; only that of a tool needs the client."""
    if words and not is_group(words, surface):
        verb, rest = find_verb(words, surface)
        if rest and verb.own is not None and verb.own.help is not None:
            return verb.own.help(client(), rest)
        return HelpText(verb.parser(surface).format_help())
    return HelpText(help_text(surface, words))
