"""The oracle `environment_health`: runs the doctor's checks in the process that runs the tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vibe_jupyter.core.oracles.base import Capability, Context, Oracle
from vibe_jupyter.core.oracles.environment_health.schemas import (
    EnvironmentHealthInput,
    EnvironmentHealthOutput,
)

if TYPE_CHECKING:
    from pydantic import BaseModel

    from vibe_jupyter.core.doctor.check import Check

__all__ = ["EnvironmentHealth", "examine"]


class EnvironmentHealth(Oracle):
    """Check versions, Jupyter wiring, data directory, database and SQLite; takes two seconds at most."""

    id = "environment_health"
    title = "Check this installation"
    capabilities = (
        Capability(
            name="environment.health",
            summary="Check the health of this installation: package versions, server extension, kernel, "
            "data directory, database, SQLite, optional extras",
            input=EnvironmentHealthInput,
            output=EnvironmentHealthOutput,
            table="checks",
            examples=(
                "is my environment healthy",
                "run the doctor",
                "check my installation",
                "why does %vibe not load",
                "diagnose problems with the setup",
                "which package versions are installed here",
                "is the database all right",
                "which SQLite version is this",
                "health check",
                "is everything installed and working",
                "what is wrong with my setup",
                "which version of Python and Jupyter is this",
                "is the kernel working",
                "is the server extension loaded",
                "are the optional extras installed",
                "is the data directory all right",
            ),
        ),
    )

    async def run(self, context: Context, input: BaseModel) -> EnvironmentHealthOutput:
        """Run all checks; a failing one is part of the answer, not an error."""
        checks = await context.in_thread(examine)
        statuses = [check.status for check in checks]
        problems = statuses.count("problem")
        return EnvironmentHealthOutput(
            ok=not problems, problems=problems, warnings=statuses.count("warning"), checks=checks
        )


def examine() -> list[Check]:
    """Return what the doctor finds under the settings in force; faulty settings are a finding too."""
    from pydantic import ValidationError

    from vibe_jupyter.core.doctor import Check, run_checks
    from vibe_jupyter.core.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        return [Check(name="settings", status="problem", message=faults[:300], fix="jupyter vibe config")]
    return run_checks(settings)
