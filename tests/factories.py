"""Platforms, targets and tasks for tests, with as little said as possible."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.client.in_process import InProcessTransport
from vibe_jupyter.core.errors import Unavailable
from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.platform import Mode, Platform
from vibe_jupyter.core.routing.registry import Registry
from vibe_jupyter.core.routing.targets import Target, oracle_target
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


class ProbeInput(BaseModel):
    """What a probe is told to do."""

    text: str = ""
    seconds: float = 0.0
    fail: str = ""
    steps: int = 0


class ProbeOutput(BaseModel):
    """What a probe did."""

    text: str
    calls: int


class Probe(Oracle):
    """An oracle that does as it is told, and counts its calls."""

    id = "probe"
    title = "Do as told"
    capabilities = (
        Capability(
            "probe.run", "Do as told", ProbeInput, ProbeOutput, text_field="text", examples=("probe this",)
        ),
    )

    def __init__(self) -> None:
        self.calls = 0

    async def run(self, context: Context, input: BaseModel) -> ProbeOutput:
        assert isinstance(input, ProbeInput)
        self.calls += 1
        for step in range(input.steps):
            context.progress((step + 1) / input.steps, f"step {step + 1}", step=step)
            await asyncio.sleep(input.seconds / input.steps)
        if not input.steps and input.seconds:
            await asyncio.sleep(input.seconds)
        if input.fail == "unavailable":
            raise Unavailable("not now", code="probe.busy")
        if input.fail == "once" and self.calls == 1:
            raise Unavailable("not yet", code="probe.busy")
        if input.fail == "bug":
            raise RuntimeError("a bug")
        return ProbeOutput(text=input.text, calls=self.calls)


def make_target(
    name: str = "probe",
    *,
    capabilities: tuple[str, ...] = ("probe.run",),
    run: Callable[[Context, BaseModel], Awaitable[BaseModel]] | None = None,
    **options: Any,
) -> Target:
    """Return a target of probes' capabilities under the names given."""
    probe = Probe()
    known = {
        capability: Capability(capability, capability, ProbeInput, ProbeOutput, text_field="text")
        for capability in capabilities
    }
    return Target(name, options.pop("type", "oracle"), name, known, run or probe.run, **options)


def probe_registry() -> Registry:
    """Return a registry with a probe alone."""
    return Registry([oracle_target(Probe())])


@dataclass
class PlatformFactory:
    """Starts platforms on one data directory."""

    tmp_path: Path
    url: str | None = None
    started: list[Platform] = field(default_factory=list)

    def __call__(
        self,
        mode: Mode = "in-process",
        *,
        registry: Registry | None = None,
        **settings: Any,
    ) -> Platform:
        root = self.tmp_path / "root"
        root.mkdir(exist_ok=True)
        chosen = Settings(data_dir=self.tmp_path / "vibe-data", database_url=self.url, **settings)
        platform = Platform(chosen, root, mode, registry)
        platform.start()
        self.started.append(platform)
        return platform

    def client(self, *args: Any, **kwargs: Any) -> VibeClient:
        """Return a client of a new platform."""
        return VibeClient(InProcessTransport(self(*args, **kwargs)))

    def stop_all(self) -> None:
        """Stop every platform."""
        for platform in self.started:
            platform.stop()
