"""Look after the installation: what is missing or risky here, and the command that mends it."""

from vibe_jupyter.core.doctor.check import Check
from vibe_jupyter.core.doctor.checks import run_checks

__all__ = ["Check", "run_checks"]
