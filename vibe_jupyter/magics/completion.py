"""Completion inside `%vibe` lines: verbs, options, values, task ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from IPython.core.interactiveshell import InteractiveShell

    from vibe_jupyter.client.catalogue import Catalogue
    from vibe_jupyter.client.commands.verbs import Verb
    from vibe_jupyter.magics.session import Session

__all__ = ["matcher_for", "suggestions"]

_OUR_LINE = re.compile(r"\s*(?:[\w., ]+=\s*)?%{1,2}vibe\s(?P<rest>.*)\Z")
_RECENT = 20
_SYMBOLS = 30


def matcher_for(shell: InteractiveShell) -> Callable[[Any], Any]:
    """Return what IPython asks for completions; on lines of others it says nothing."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    def complete(context: Any) -> Any:
        from vibe_jupyter.magics.query_completion import query_words

        # IPython's `cursor_position` is a column of the line `cursor_line`.
        lines = context.full_text.split("\n")[: context.cursor_line + 1]
        line = lines[-1][: context.cursor_position]
        cursor = sum(len(one) + 1 for one in lines[:-1]) + len(line)
        if (found_words := query_words(context.full_text, cursor, _symbols_for(shell))) is not None:
            word, offered = found_words
            skip = max(len(word) - len(context.token), 0)
            known = [SimpleCompletion(text=one[skip:], type="vibe") for one in offered]
            return {"completions": known, "suppress": True, "ordered": True}
        found = _OUR_LINE.match(line)
        if found is None:
            return {"completions": []}
        from vibe_jupyter.magics.session import session_of

        token = context.token
        options = suggestions(found["rest"], session_of(shell))
        # IPython takes a dash for an operator: its token is what stands behind the last one.
        cut = len(_last_word(found["rest"])) - len(token)
        words = [SimpleCompletion(text=word[max(cut, 0) :], type="vibe") for word in options]
        return {"completions": words, "suppress": True, "ordered": True}

    matcher: Callable[[Any], Any] = context_matcher()(complete)
    matcher.is_vibe = True  # type: ignore[attr-defined]
    return matcher


def _symbols_for(shell: InteractiveShell) -> Callable[[str, str | None], list[str]]:
    """Return what looks up the names and qualified names of symbols, if the platform was asked before."""

    def symbols(word: str, kg_id: str | None) -> list[str]:
        from vibe_jupyter.core.errors import VibeError
        from vibe_jupyter.magics.session import session_of

        session = session_of(shell)
        if not session.is_connected:
            return []
        try:
            found = session.client.kg.find(text=word, kg_id=kg_id, limit=_SYMBOLS).symbols
        except VibeError:  # there is no graph yet: there are no names to offer
            return []
        return [name for one in found for name in (one.name, one.qualified_name, one.path) if name]

    return symbols


def suggestions(rest: str, session: Session) -> list[str]:
    """Return what may stand where the line ends, given what was typed after `%vibe `, the likeliest first."""
    from vibe_jupyter.client.commands.verbs import verbs_of

    last = _last_word(rest)
    before = rest[: len(rest) - len(last)].split()
    verbs = verbs_of("magic")
    verb, depth = _verb_at(before, verbs)
    offered: list[str] = []
    if verb is None or depth == len(before):  # the next word may be one of a verb
        position = len(before)
        offered += sorted(
            words.split()[position]
            for words in verbs
            if words.split()[:position] == before and len(words.split()) > position
        )
    if verb is not None:
        offered += _arguments(verb, before, before[depth:], session)
    return [word for word in dict.fromkeys(offered) if word.startswith(last)]


def _arguments(verb: Verb, before: list[str], given: list[str], session: Session) -> Iterable[str]:
    flag = before[-1] if before else ""
    parser = verb.parser("magic")
    choices = parser.choices_of(flag)
    if choices:
        return sorted(choices)
    if flag in ("--type", "--requires", "--target") and session.is_connected:
        from vibe_jupyter.client.task_types import tool_types

        known = [item.task_type if flag == "--type" else item.name for item in session.client.capabilities]
        return [*sorted(known), *sorted(tool_types(session.client))]
    if flag == "--input":
        return sorted(session.variables)
    if verb.words.startswith("mcp ") and session.is_connected:
        known = _of_mcp(verb, given, session.client.catalogue)
        return known if flag.startswith("--") and known else [*known, *sorted(parser.flags), "-o"]
    ids: list[str] = []
    if verb.operation is not None and "task_id" in verb.operation.path_names and session.is_connected:
        newest_first = session.client.tasks.history(limit=_RECENT, results=False).items
        ids = [task.id for task in newest_first]
    fields = _fields(before, session) if verb.words == "task" else []
    return [*ids, *sorted([*fields, *parser.flags, "-o"])]


def _of_mcp(verb: Verb, given: list[str], catalogue: Catalogue) -> list[str]:
    """Return servers, tools, their options, and what else a server offers."""
    from vibe_jupyter.magics import mcp_completion as mcp

    named = [word for word in given if not word.startswith("-")]
    if verb.words == "mcp call":
        return mcp.tool_words(catalogue, given) if named else mcp.tools(catalogue)
    if not named and verb.words not in ("mcp add", "mcp import", "mcp search", "mcp list"):
        return mcp.servers(catalogue)
    if verb.words == "mcp read" and len(named) == 1:
        return mcp.resources_of(catalogue, named[0])
    if verb.words == "mcp prompt":
        prompts = mcp.prompts_of(catalogue, named[0])
        return list(prompts) if len(named) == 1 else [f"--{name}" for name in prompts.get(named[1], [])]
    return []


def _fields(before: list[str], session: Session) -> list[str]:
    """Return the fields of the type's input as options, once a type is named."""
    found = re.search(r"(?:^| )--type[ =](\S+)", " ".join(before))
    if found is None or not session.is_connected:
        return []
    from vibe_jupyter.client.task_types import task_type
    from vibe_jupyter.core.mcp.tools.arguments import properties_of

    known = task_type(session.client, found[1], may_start=False)
    names = [] if known is None else properties_of(known.schema)
    return [f"--{name.replace('_', '-')}" for name in names]


def _verb_at(words: list[str], verbs: dict[str, Verb]) -> tuple[Verb | None, int]:
    """Return the verb that the words begin with, and how many words it has."""
    for count in (2, 1):
        verb = verbs.get(" ".join(words[:count]))
        if verb is not None and len(words) >= count:
            return verb, count
    return None, 0


def _last_word(rest: str) -> str:
    return rest.rpartition(" ")[2]
