"""What the platform says of its own troubles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.factories import PlatformFactory, probe_registry
from vibe_jupyter.core.status import operations

if TYPE_CHECKING:
    import pytest


def test_a_disk_that_is_nearly_full_is_a_problem(
    make_platform: PlatformFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    vibe = make_platform.client(registry=probe_registry())
    assert vibe.platform.status().problems == []

    def usage(_folder: Any) -> Any:
        return type("Usage", (), {"free": 12_000_000})

    monkeypatch.setattr(operations.shutil, "disk_usage", usage)
    (problem,) = vibe.platform.status().problems
    assert "12 MB" in problem
