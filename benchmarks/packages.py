"""Real Python code to measure on: released packages, fetched through pip once and kept in the user's cache folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import platformdirs

__all__ = ["CACHE", "package_source"]

CACHE = Path(platformdirs.user_cache_dir("vibe-jupyter-tests", appauthor=False))
_LIMIT_S = 300


def package_source(requirement: str) -> Path:
    """Return a folder with the Python files of a pinned release, `django==5.2.19`, and nothing else.

    Raises:
        RuntimeError: pip cannot fetch it.
    """
    place = CACHE / "python-sources" / requirement
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            work = Path(folder) / "source"
            for wheel in _downloaded(requirement, Path(folder)):
                with zipfile.ZipFile(wheel) as archive:
                    names = [name for name in archive.namelist() if name.endswith(".py")]
                    archive.extractall(work, [name for name in names if ".data/" not in name])
            if not place.exists():  # another process may have been quicker
                work.rename(place)
    return place


def _downloaded(requirement: str, folder: Path) -> list[Path]:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_LIMIT_S)
    if done.returncode:
        raise RuntimeError(f"pip could not fetch {requirement}: {done.stderr[-1500:]}")
    return list(folder.glob("*.whl"))
