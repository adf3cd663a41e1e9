"""`%vibe` and `%%vibe`. Registering them is cheap: what they need is imported when they are used."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["register", "unregister"]

_HELP = """Say what you want done, and it is routed, run, explained and remembered.

    %vibe                                            where it runs, recent tasks, next steps
    %vibe task "where is the login handled?"         ask in words
    %vibe task "needle" --type file_search           say what kind of task it is
    %vibe task --type data_profile --input df        profile a DataFrame
    %vibe task list | show ID | explain ID           look at tasks; an ID may be a variable such as _
    %vibe task cancel ID | retry ID
    %vibe oracles                                    what can be done here
    %vibe mcp add files -- COMMAND ARGS              register an MCP server; mcp import takes those of other programs
    %vibe mcp tools files                            what it can do
    %vibe mcp call files.list_directory --path .     call a tool; with ? at the end: what it takes
    %vibe help [VERB]                                everything

A task or tool that fails fails the cell. `-o NAME` stores the result, `--no-wait` returns at once. In a cell magic, the
cell is the input: a text, or JSON or YAML of an object.

    %%vibe task --type file_search
    query: TODO
    path: src
"""


def register(shell: InteractiveShell) -> None:
    """Add the magics and their completion to a shell."""
    from IPython.core.magic import no_var_expand

    def vibe(line: str, cell: str | None = None) -> Any:
        from vibe_jupyter.magics.session import session_of

        return session_of(shell).run(line, cell)

    vibe.__doc__ = _HELP
    as_typed: Any = no_var_expand(cast("Any", vibe))  # so that {} and $ stay as they are
    shell.register_magic_function(as_typed, "line_cell", "vibe")
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        from vibe_jupyter.magics.completion import matcher_for

        completer.custom_matchers.append(matcher_for(shell))
    from vibe_jupyter.magics.question_marks import keep_question_marks

    shell.input_transformers_cleanup.append(keep_question_marks)
    from vibe_jupyter.magics.showing import ShownLines

    shell.ast_transformers.append(ShownLines(shell))


def unregister(shell: InteractiveShell) -> None:
    """Take them away again."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("vibe", None)
    from vibe_jupyter.magics.question_marks import keep_question_marks

    with contextlib.suppress(ValueError):
        shell.input_transformers_cleanup.remove(keep_question_marks)
    from vibe_jupyter.magics.showing import ShownLines

    shell.ast_transformers[:] = [one for one in shell.ast_transformers if not isinstance(one, ShownLines)]
    completer = getattr(shell, "Completer", None)
    if completer is not None:
        completer.custom_matchers[:] = [
            matcher for matcher in completer.custom_matchers if not getattr(matcher, "is_vibe", False)
        ]
