"""From a free text to the one capability that it is about.

What everybody has comes first: its declarations are made for this match and were measured with it. The tools of a
user's MCP servers are described by strangers, for models, and there may be hundreds of them. So they are asked only
where nothing of that fits clearly, they must fit better, and what they say changes nothing about the others: with or
without them a text that means an oracle means the same oracle.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput
from vibe_jupyter.core.routing.words import LEAST_SCORE, WordIndex, WordMatch, clear_winner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vibe_jupyter.core.oracles.base import Capability

__all__ = ["Understanding", "Understood"]

LEAST_SCORE_OF_A_TOOL = 0.65
"""Below 0.6 some texts of tests/unit/core/routing/phrasings.tsv that mean nothing here find a tool."""
_OFFERED, _OFFERED_TOOLS = 4, 2


@dataclass(frozen=True)
class Understood:
    """What a free text was taken for, and what else it might have meant."""

    capability: Capability
    ranked: tuple[WordMatch, ...]


class Understanding:
    """Finds the capability that a text means.

    Args:
        capabilities: what there is, beside what `base` has.
        base: what comes first.
    """

    def __init__(self, capabilities: Iterable[Capability], base: Understanding | None = None) -> None:
        self._base = base
        self._own = {capability.name: capability for capability in capabilities}
        self._all: dict[str, Capability] = {**self._own, **(base._all if base else {})}

    @functools.cached_property
    def _recognizing(self) -> list[Capability]:
        """Return what knows its own texts; a tool of others has no say here."""
        return [one for one in (self._base or self)._own.values() if one.recognizes is not None]

    @functools.cached_property
    def _words(self) -> WordIndex:
        return WordIndex(one for one in self._all.values() if not one.only_by_name)

    def understand(self, text: str) -> Understood:
        """Find the one capability that a text is about.

        Raises:
            InvalidInput: `route.ambiguous`, with the candidates in `data`.
        """
        recognized = next((one for one in self._recognizing if one.recognizes and one.recognizes(text)), None)
        if recognized is not None:
            return Understood(
                recognized, (WordMatch(recognized.name, 1.0, ("asked in words that are its own",)),)
            )
        ranked = (self._base or self)._words.rank(text)
        winner = clear_winner(ranked)
        if winner is not None:
            return Understood(self._all[winner.capability], tuple(ranked))
        with_tools = self._words.rank(text) if self._base is not None and self._own else []
        tool = self._clear_tool(with_tools, ranked)
        if tool is not None and tool.by_words:
            return Understood(tool, (with_tools[0], *ranked))
        if tool is not None:
            raise self._unclear([with_tools[0], *ranked[: _OFFERED - 1]], tool)
        fitting = [match for match in with_tools if match.capability in self._own]
        tools = [match for match in fitting if match.score >= LEAST_SCORE][:_OFFERED_TOOLS]
        raise self._unclear([*ranked[:_OFFERED], *tools])

    def _clear_tool(self, with_tools: Sequence[WordMatch], ranked: Sequence[WordMatch]) -> Capability | None:
        """Return the tool that wins among all there is, and also against what the others score by themselves."""
        best = clear_winner(with_tools)
        if best is None or best.capability not in self._own or best.score < LEAST_SCORE_OF_A_TOOL:
            return None
        return self._own[best.capability] if clear_winner([best, *ranked[:1]]) else None

    def _unclear(self, matches: Sequence[WordMatch], tool: Capability | None = None) -> InvalidInput:
        types = [self._all[match.capability].task_type for match in matches]
        if tool is not None:
            message = f"the words fit {tool.task_type}, which is started by its name only"
            flags = "".join(f" --{name} ..." for name, is_required in tool.fields.items() if is_required)
            hint = f"name it, with its input: --type {tool.task_type}{flags}"
        else:
            message = f"the words fit {'more than one' if matches else 'no'} kind of task"
            base = self._base or self
            known = types or sorted(capability.task_type for capability in base._own.values())
            hint = f"say which with --type: {', '.join(known)}"
        return InvalidInput(
            message,
            code="route.ambiguous",
            hint=hint,
            errors=[{"loc": ["input", "text"], "msg": "no clear match"}],
            data={
                "candidates": [
                    {
                        "type": self._all[match.capability].task_type,
                        "capability": match.capability,
                        "summary": self._all[match.capability].summary,
                        "score": round(match.score, 3),
                    }
                    for match in matches
                ]
            },
        )
