"""Whether this installation is sound: the checks of `jupyter vibe doctor`, as a task."""

from vibe_jupyter.core.oracles.environment_health.oracle import EnvironmentHealth
from vibe_jupyter.core.oracles.environment_health.schemas import (
    EnvironmentHealthInput,
    EnvironmentHealthOutput,
)

__all__ = ["EnvironmentHealth", "EnvironmentHealthInput", "EnvironmentHealthOutput"]
