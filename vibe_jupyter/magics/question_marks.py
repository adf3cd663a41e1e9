"""`%vibe mcp call git.git_log?` and `%vibe task where is the login?` are ours: IPython would look for a variable."""

from __future__ import annotations

import re

__all__ = ["keep_question_marks"]

_OURS = re.compile(r"(?P<start>[ \t]*(?:[\w., ]+=\s*)?)%vibe\s+(?P<rest>.*\?)\s*\Z")


def keep_question_marks(lines: list[str]) -> list[str]:
    """Return a cell's lines with those of ours that end with a question mark as the calls that they stand for.

    IPython takes such a line for `name?`, whatever stands before it, and would replace it by help on the name.
    """
    found = {number: match for number, line in enumerate(lines) if (match := _OURS.match(line)) is not None}
    if not found:
        return lines
    from IPython.core.inputtransformer2 import make_tokens_by_line

    begun = {line[0].start[0] - 1 for line in make_tokens_by_line(lines) if line}  # and so not within a text
    return [
        f"{match['start']}get_ipython().run_line_magic('vibe', {match['rest']!r})\n"
        if (match := found.get(number)) is not None and number in begun
        else line
        for number, line in enumerate(lines)
    ]
