"""The targets and capabilities that there are, and how a person's word for one is understood."""

from __future__ import annotations

import functools
import importlib.metadata
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from vibe_jupyter.core.errors import InvalidInput, nearest
from vibe_jupyter.core.routing.targets import Target, oracle_target
from vibe_jupyter.core.routing.understanding import Understanding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.oracles.base import Capability
    from vibe_jupyter.core.routing.understanding import Understood

__all__ = ["ASK", "Registry", "load_oracles"]

ASK = "ask"
ORACLES = "vibe_jupyter.oracles"


class Registry:
    """Targets by id, and what they offer.

    Args:
        problems: what could not be loaded, by entry point.
        base: what there is beside these targets; of two capabilities of one name its own counts.
    """

    def __init__(
        self,
        targets: Iterable[Target],
        problems: dict[str, str] | None = None,
        *,
        base: Registry | None = None,
    ) -> None:
        self._base = base
        self._own = {target.id: target for target in targets}
        self.targets: dict[str, Target] = {**(base.targets if base else {}), **self._own}
        self.problems = problems or {}
        self.capabilities: dict[str, Capability] = dict(base.capabilities) if base else {}
        self._offering: dict[str, list[Target]] = defaultdict(list)
        for target in self._own.values():
            for name, capability in target.capabilities.items():
                self.capabilities.setdefault(name, capability)
                self._offering[name].append(target)
        self._by_word: dict[str, Capability] = dict(base._by_word) if base else {}
        for spelling in (_as_it_is, _as_a_type):
            for name, capability in self.capabilities.items():
                self._by_word.setdefault(spelling(name, capability), capability)
        # `mcp.a.b_c` and `mcp.a_b.c` are two, and the word for both stands for none of them.
        underscored = Counter(map(_underscored, self.capabilities))
        for name, capability in self.capabilities.items():
            if underscored[_underscored(name)] == 1:
                self._by_word.setdefault(_underscored(name), capability)

    @functools.cached_property
    def _understanding(self) -> Understanding:
        if self._base is None:
            return Understanding(self.capabilities.values())
        # The first capability of a tool is its own, the others are aliases: the same words once more.
        own = (next(iter(target.capabilities.values())) for target in self._own.values())
        return Understanding(own, self._base._understanding)

    def knows(self, word: str) -> bool:
        """Return whether a task type or capability stands for something."""
        return word in self._by_word

    def candidates(self, capability: str) -> Iterable[Target]:
        """Return the targets that may be asked for a capability: of many tools only those that offer it."""
        if self._base is None:
            return self.targets.values()
        return [*self._base.candidates(capability), *self._offering.get(capability, ())]

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
        return self._understanding.understand(text)

    def _unknown(self, kind: str, word: str, code: str, where: str) -> InvalidInput:
        base = self._base or self  # the tools of others would be too many to be listed
        known = sorted({capability.task_type for capability in base.capabilities.values()} | {ASK})
        near = nearest(word, self._by_word)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        return InvalidInput(
            f"there is no {kind} {word!r}",
            code=code,
            hint=f"{hint}known: {', '.join(known)}",
            errors=[{"loc": [where], "msg": f"unknown {kind}"}],
            data={"nearest": near},
        )


def _as_it_is(name: str, _capability: Capability) -> str:
    return name


def _as_a_type(_name: str, capability: Capability) -> str:
    return capability.task_type


def _underscored(name: str) -> str:
    return name.replace(".", "_")


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
