"""The targets and capabilities that there are, and how a person's word for one is understood."""

from __future__ import annotations

import functools
import importlib.metadata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput, nearest
from vibe_jupyter.core.routing.targets import Target, oracle_target
from vibe_jupyter.core.routing.words import WordIndex, WordMatch, clear_winner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.oracles.base import Capability

__all__ = ["ASK", "Registry", "Understood", "load_oracles"]

ASK = "ask"
ORACLES = "vibe_jupyter.oracles"


@dataclass(frozen=True)
class Understood:
    """What a free text was taken for, and what else it might have meant."""

    capability: Capability
    ranked: tuple[WordMatch, ...]


class Registry:
    """Targets by id. `problems` says what could not be loaded, by entry point."""

    def __init__(self, targets: Iterable[Target], problems: dict[str, str] | None = None) -> None:
        self.targets = {target.id: target for target in targets}
        self.problems = problems or {}
        self.capabilities: dict[str, Capability] = {}
        for target in self.targets.values():
            self.capabilities = {**target.capabilities, **self.capabilities}
        self._by_word = {
            word: capability
            for capability in self.capabilities.values()
            for word in (capability.task_type, capability.name)
        }

    @functools.cached_property
    def _words(self) -> WordIndex:
        return WordIndex(self.capabilities.values())

    def capability(self, word: str) -> Capability:
        """Return what a task type or capability stands for.

        Raises:
            InvalidInput: `route.unknown_type`, with the nearest known ones.
        """
        found = self._by_word.get(word)
        if found is None:
            raise self._unknown("task type", word, "route.unknown_type", "type")
        return found

    def require(self, names: Iterable[str]) -> list[str]:
        """Return the capabilities under their dotted names.

        Raises:
            InvalidInput: `route.unknown_capability`, with the nearest known ones.
        """
        for name in names:
            if name not in self._by_word:
                raise self._unknown("capability", name, "route.unknown_capability", "required_capabilities")
        return [self._by_word[name].name for name in names]

    def understand(self, text: str) -> Understood:
        """Find the one capability that a free text is about.

        Raises:
            InvalidInput: `route.ambiguous`, with the candidates in `data`.
        """
        ranked = self._words.rank(text)
        winner = clear_winner(ranked)
        if winner is not None:
            return Understood(self.capabilities[winner.capability], tuple(ranked))
        best = [match for match in ranked if match.capability in self.capabilities][:4]
        types = [self.capabilities[match.capability].task_type for match in best]
        offered = types or sorted(capability.task_type for capability in self.capabilities.values())
        raise InvalidInput(
            "the words fit more than one kind of task" if best else "the words fit no kind of task",
            code="route.ambiguous",
            hint=f"say which with --type: {', '.join(offered)}",
            errors=[{"loc": ["input", "text"], "msg": "no clear match"}],
            data={
                "candidates": [
                    {
                        "type": self.capabilities[match.capability].task_type,
                        "capability": match.capability,
                        "summary": self.capabilities[match.capability].summary,
                        "score": round(match.score, 3),
                    }
                    for match in best
                ]
            },
        )

    def _unknown(self, kind: str, word: str, code: str, where: str) -> InvalidInput:
        known = sorted({capability.task_type for capability in self.capabilities.values()} | {ASK})
        near = nearest(word, self._by_word)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        return InvalidInput(
            f"there is no {kind} {word!r}",
            code=code,
            hint=f"{hint}known: {', '.join(known)}",
            errors=[{"loc": [where], "msg": f"unknown {kind}"}],
            data={"nearest": near},
        )


def load_oracles() -> Registry:
    """Load every oracle that is installed here, ours and those of others.

    One that cannot be loaded is a finding under `problems` and does not keep the others from working.
    """
    targets: list[Target] = []
    problems: dict[str, str] = {}
    for entry in sorted(importlib.metadata.entry_points(group=ORACLES), key=lambda entry: entry.name):
        try:
            targets.append(oracle_target(entry.load()()))
        except Exception as error:  # noqa: BLE001 - code of others; told by `%vibe oracles` and the doctor
            problems[entry.name] = f"{type(error).__name__}: {error}"
    return Registry(targets, problems)
