from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vibe_jupyter.core.doctor import Check
from vibe_jupyter.core.doctor import checks as runner
from vibe_jupyter.core.oracles.environment_health import EnvironmentHealth, EnvironmentHealthInput
from vibe_jupyter.core.oracles.environment_health.oracle import examine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class ThreadContext:
    """The part of a `Context` that the health check uses."""

    async def in_thread(self, function: Callable[[], list[Check]]) -> list[Check]:
        import asyncio

        return await asyncio.to_thread(function)


@pytest.fixture(autouse=True)
def own_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)


@pytest.mark.asyncio
async def test_every_check_of_the_doctor_is_a_row(tmp_path: Path) -> None:
    found = await EnvironmentHealth().run(ThreadContext(), EnvironmentHealthInput())  # type: ignore[arg-type]
    assert [check.name for check in found.checks] == list(runner.CHECKS)
    assert found.problems == sum(check.status == "problem" for check in found.checks)
    assert found.warnings == sum(check.status == "warning" for check in found.checks)
    assert found.ok == (found.problems == 0)
    assert str(tmp_path) in next(check.message for check in found.checks if check.name == "data directory")


@pytest.mark.asyncio
async def test_a_problem_makes_the_verdict_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = {"it": lambda _: Check(name="it", status="problem", message="is broken", fix="mend it")}
    monkeypatch.setattr(runner, "CHECKS", failing)
    found = await EnvironmentHealth().run(ThreadContext(), EnvironmentHealthInput())  # type: ignore[arg-type]
    assert (found.ok, found.problems, found.warnings) == (False, 1, 0)
    assert found.checks[0].fix == "mend it"


def test_settings_that_do_not_hold_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIBE_TASK_CONCURRENCY", "many")
    (check,) = examine()
    assert (check.name, check.status) == ("settings", "problem")
    assert "task_concurrency" in check.message.lower()
