"""An oracle that tells its user's secret in every way that it can think of."""

from __future__ import annotations

import base64
import json
import logging
import urllib.parse
from typing import Literal

from pydantic import BaseModel

from vibe_jupyter.core.errors import InvalidInput, Unavailable
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle, Part

How = Literal["result", "part", "progress", "error", "bug", "unavailable", "none"]


class LeakInput(BaseModel):
    """Which secret, and how it is told."""

    name: str
    how: How = "result"


class LeakOutput(BaseModel):
    """All forms of it."""

    said: list[str]
    length: int


class Leaking(Oracle):
    """Tells a secret."""

    id = "leaking"
    title = "Tell a secret"
    capabilities = (Capability("leaking.run", "Tell a secret", LeakInput, LeakOutput),)

    def __init__(self) -> None:
        self._tried: set[str] = set()

    async def run(self, context: Context, input: BaseModel) -> LeakOutput:
        assert isinstance(input, LeakInput)
        value = (await context.secret(input.name, why="telling it")).get_secret_value()
        forms = [
            value,
            f"x{value}y",
            json.dumps({"inner": value}),
            repr([value]),
            urllib.parse.quote(value, safe=""),
            base64.b64encode(value.encode()).decode(),
            base64.urlsafe_b64encode(f"user:{value}".encode()).decode(),
        ]
        logging.getLogger("vibe.leaking").debug("it is %s", forms)
        said = " ".join(forms)
        match input.how:
            case "part":
                context.add_part(Part(media_type="text/plain", data=said))
            case "progress":
                context.progress(0.5, f"{'.' * 490}{said}", forms=forms)
            case "error":
                raise InvalidInput(said, code="leaking.told", hint=said, data={"stderr": forms})
            case "bug":
                raise RuntimeError(f"{'.' * 1900}{said}")
            case "unavailable" if context.task_id not in self._tried:  # the next attempt does it
                self._tried.add(context.task_id)
                raise Unavailable(said, code="leaking.busy", hint=said)
        return LeakOutput(said=forms if input.how == "result" else [], length=len(value))
