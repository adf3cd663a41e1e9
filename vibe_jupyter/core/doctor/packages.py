"""Checks of Python and the installed packages."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING

from vibe_jupyter.core.doctor.check import Check

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from vibe_jupyter.core.settings import Settings

__all__ = ["check_extras", "check_packages"]

_DISTRIBUTION = "vibe-jupyter"
_SHOWN = ("jupyter-server", "ipykernel", "sqlalchemy", "dbos")
_FOR_DEVELOPERS = frozenset({"test", "docs", "load"})


def check_packages(_settings: Settings) -> Check:
    """Compare every installed dependency with the range that this version of vibe-jupyter asks for."""
    name = "packages"
    own = _installed_version(_DISTRIBUTION)
    if own is None:
        return Check(
            name=name,
            status="warning",
            message="vibe-jupyter runs from its sources, so its dependencies are not known",
            fix="pip install -e .",
        )
    wrong = [text for requirement in _requirements("") if (text := _mismatch(requirement))]
    if wrong:
        fix = f"pip install --upgrade {_DISTRIBUTION}=={own}"
        return Check(name=name, status="problem", message="; ".join(wrong), fix=fix)
    versions = [f"{shown} {_installed_version(shown)}" for shown in _SHOWN]
    return Check(
        name=name,
        status="ok",
        message=f"Python {platform.python_version()}, vibe-jupyter {own}, {', '.join(versions)}",
    )


def check_extras(_settings: Settings) -> Check:
    """Tell which optional parts are not installed, and how to get them."""
    name = "extras"
    if _installed_version(_DISTRIBUTION) is None:
        return Check(name=name, status="ok", message="not known, since vibe-jupyter runs from its sources")
    offered = importlib.metadata.metadata(_DISTRIBUTION).get_all("Provides-Extra") or []
    extras = [extra for extra in offered if extra not in _FOR_DEVELOPERS]
    missing = [extra for extra in extras if any(_mismatch(needed) for needed in _requirements(extra))]
    if not missing:
        return Check(name=name, status="ok", message=f"installed: {', '.join(extras) or 'none offered'}")
    return Check(
        name=name,
        status="ok",
        message=f"optional, not installed: {', '.join(missing)}",
        fix=f'pip install "{_DISTRIBUTION}[{",".join(missing)}]"',
    )


def _requirements(extra: str) -> list[Requirement]:
    """Return what is needed here for the extra; for the bare package if `extra` is empty."""
    from packaging.requirements import Requirement

    declared = [Requirement(line) for line in importlib.metadata.requires(_DISTRIBUTION) or ()]
    if not extra:
        return [
            needed for needed in declared if needed.marker is None or needed.marker.evaluate({"extra": ""})
        ]
    return [
        needed
        for needed in declared
        if needed.marker is not None
        and needed.marker.evaluate({"extra": extra})
        and not needed.marker.evaluate({"extra": ""})
    ]


def _mismatch(requirement: Requirement) -> str | None:
    version = _installed_version(requirement.name)
    if version is None:
        return f"{requirement.name} is missing"
    if not requirement.specifier.contains(version, prereleases=True):
        return f"{requirement.name} is {version}, needed is {requirement.specifier}"
    return None


def _installed_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
