"""The judge of TypeScript call edges: released packages that bring their sources, and indexes by scip-typescript."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from benchmarks.packages import CACHE
from benchmarks.scip import NPM
from benchmarks.scip_index import ScipIndex, read_scip
from tests.npm_modules import node, npm_installed, run_npm

__all__ = ["typescript_index", "typescript_source"]

_TSCONFIG = """{"compilerOptions": {"target": "es2022", "module": "esnext", "moduleResolution": "bundler",
"lib": ["es2023", "dom", "dom.iterable"], "strict": true, "jsx": "react-jsx", "skipLibCheck": true,
"experimentalDecorators": true, "allowJs": true, "noEmit": true,
"paths": {"NAME": ["./src"], "NAME/*": ["./src/*"]}}, "include": ["src"]}"""
_LIMIT_S = 900


def typescript_source(requirement: str) -> Path:
    """Return a folder with the sources of a pinned release, `rxjs@7.8.2`; what it needs lies above, for its types.

    Raises:
        RuntimeError: npm cannot fetch it.
    """
    place = CACHE / "typescript-sources" / requirement.replace("/", "+")
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent) as temporary:
            work = Path(temporary) / "work"
            work.mkdir()
            _fetch(requirement, work)
            if not place.exists():  # another process may have been quicker
                work.rename(place)
    return place / "package"


def _fetch(requirement: str, work: Path) -> None:
    run_npm(["install", "--no-audit", "--no-fund", "--ignore-scripts", requirement], work)
    packed = run_npm(["pack", "--silent", requirement], work).split()[-1]
    with tarfile.open(work / packed) as archive:
        archive.extractall(work / "unpacked", filter="data")
    package = work / "package"
    package.mkdir()
    for part in ("src", "package.json"):  # what was built of the sources must not be taken for them
        (work / "unpacked" / "package" / part).rename(package / part)
    (package / "tsconfig.json").write_text(_TSCONFIG.replace("NAME", requirement.rpartition("@")[0]))


def typescript_index(requirement: str) -> ScipIndex:
    """Return the index of a pinned release; made once and kept in the user's cache folder.

    Raises:
        RuntimeError: it cannot be made.
    """
    source = typescript_source(requirement)
    place = CACHE / "scip" / f"{source.parent.name}.scip"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        work = place.with_suffix(f".{os.getpid()}")
        program = npm_installed(NPM) / "@sourcegraph" / "scip-typescript" / "dist" / "src" / "main.js"
        done = subprocess.run(
            [node(), str(program), "index", "--output", str(work)],
            cwd=source, check=False, capture_output=True, text=True, timeout=_LIMIT_S,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"scip-typescript could not index {requirement}: {done.stderr[-1500:]}")
        work.rename(place)
    return read_scip(place)
