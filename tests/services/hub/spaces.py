"""What the fake hub lets do with Spaces: secrets, variables, restart, pause, hardware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.services.hub.answers import Answer, json_answer, refusal

if TYPE_CHECKING:
    from tests.services.hub.state import HubState, Repository

__all__ = ["answer"]

_UPDATED_AT = "2026-11-26T10:00:00.000Z"


def answer(
    hub: HubState, repository: Repository, method: str, verb: str, body: dict[str, Any], query: dict[str, str]
) -> Answer:
    """Answer a request about a Space."""
    space = repository.space
    assert space is not None
    if verb in ("secrets", "variables"):
        return _values(hub, repository, verb, method, body)
    if method != "POST":
        raise refusal(404, "Sorry, we can't find the page you are looking for.")
    if verb == "restart":
        repository.build(hub.storage)
    elif verb == "pause":
        space.pause()
    elif verb == "hardware":
        space.requested = str(body["flavor"])
    elif verb != "sleeptime":
        raise refusal(404, "Sorry, we can't find the page you are looking for.")
    return json_answer(space.runtime())


def _values(hub: HubState, repository: Repository, what: str, method: str, body: dict[str, Any]) -> Answer:
    known: dict[str, dict[str, str]] = getattr(repository, what)
    other: dict[str, dict[str, str]] = repository.variables if what == "secrets" else repository.secrets
    if method == "POST":
        if body["key"] in other:
            raise refusal(
                400, f"Collision on {body['key']}: a secret and a variable cannot have the same name"
            )
        known[body["key"]] = {**body, "updatedAt": _UPDATED_AT}
        repository.build(hub.storage)  # a change restarts the Space
    elif method == "DELETE":
        known.pop(body["key"], None)
        repository.build(hub.storage)
    hidden = {"value"} if what == "secrets" else set()
    return json_answer({
        key: {name: text for name, text in one.items() if name not in hidden} for key, one in known.items()
    })  # fmt: skip
