"""The targets of each user: what everybody has, and the tools of the user's own MCP servers.

Oracles are the same for all and stay as they were loaded. A user's tools change while processes run, and in any of
them; the database counts the changes, so that one indexed read tells whether what is known still holds. Whoever
needs only what everybody has does not even need that read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vibe_jupyter.core.routing.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vibe_jupyter.core.routing.targets import Target

__all__ = ["Catalog", "TargetSource"]

_USERS = 256
"""So many users' views are kept, those who came last."""


class TargetSource(Protocol):
    """Where a user's own targets come from. Its methods may be called on any event loop."""

    async def revision(self, user_id: str) -> int:
        """Return a number that is another one after each change; one indexed read."""
        ...

    async def targets(self, user_id: str) -> list[Target]:
        """Return a user's targets as they are known now."""
        ...

    async def learn(self, user_id: str, words: Iterable[str]) -> None:
        """See to it that the targets are known that these types or capabilities may be of."""
        ...


@dataclass(frozen=True)
class _View:
    revision: int
    registry: Registry


class Catalog:
    """Registries by user. May be used on any event loop and from any thread.

    Args:
        base: the targets that everybody has.
        source: gives the others; None if there are none.
    """

    def __init__(self, base: Registry, source: TargetSource | None = None) -> None:
        self.base = base
        self._source = source
        self._views: OrderedDict[str, _View] = OrderedDict()
        self._building = threading.Lock()

    async def registry(self, user_id: str) -> Registry:
        """Return all targets of a user."""
        if self._source is None:
            return self.base
        revision = await self._source.revision(user_id)
        view = self._views.get(user_id)
        if view is None or view.revision != revision:
            view = self._built(user_id, revision, await self._source.targets(user_id))
        return view.registry

    async def knowing(self, user_id: str, words: Iterable[str]) -> Registry:
        """Return targets among which these types and capabilities are, if the user has them.

        What everybody has is found without a look into the database. A server that was never asked what it offers
        is asked now, if a word names it.
        """
        words = list(words)
        if self._source is None or all(map(self.base.knows, words)):
            return self.base
        registry = await self.registry(user_id)
        unknown = [word for word in words if not registry.knows(word)]
        if not unknown:
            return registry
        await self._source.learn(user_id, unknown)
        return await self.registry(user_id)

    def _built(self, user_id: str, revision: int, targets: list[Target]) -> _View:
        """Make a view anew. A target that was there before keeps what is known of how well it does."""
        with self._building:
            old = self._views.pop(user_id, None)
            for target in targets:
                if old is not None and (known := old.registry.targets.get(target.id)) is not None:
                    target.stats = known.stats
            registry = Registry(targets, self.base.problems, base=self.base) if targets else self.base
            view = self._views[user_id] = _View(revision, registry)
            while len(self._views) > _USERS:
                self._views.popitem(last=False)
            return view
