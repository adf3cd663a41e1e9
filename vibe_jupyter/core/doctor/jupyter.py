"""Checks of how we are wired into Jupyter and IPython, by their files alone: nothing is started."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.doctor.check import Check

if TYPE_CHECKING:
    from vibe_jupyter.core.settings import Settings

__all__ = ["check_autoload", "check_kernelspec", "check_server_extension"]

_EXTENSION = "vibe_jupyter"
_STARTUP_FILE = Path("etc", "ipython", "startup", "50-vibe.py")
_BARE_PYTHON = re.compile(r"python(3(\.\d+)?)?(\.exe)?\Z")
_REINSTALL = "pip install --force-reinstall --no-deps vibe-jupyter"


def check_server_extension(_settings: Settings) -> Check:
    """Find out whether a Jupyter server would load our extension, from its configuration files."""
    from jupyter_core.paths import jupyter_config_path

    name = "server extension"
    enable = f"jupyter server extension enable --sys-prefix {_EXTENSION}"
    for folder in map(Path, jupyter_config_path()):
        files = [folder / "jupyter_server_config.json"]
        files += sorted((folder / "jupyter_server_config.d").glob("*.json"), reverse=True)
        for file in files:
            is_enabled = _extension_switch(file)
            if is_enabled:
                return Check(name=name, status="ok", message=f"enabled in {file}")
            if is_enabled is False:
                return Check(name=name, status="problem", message=f"disabled in {file}", fix=enable)
    message = "not enabled: JupyterLab would have neither the REST API nor shared tasks"
    return Check(name=name, status="warning", message=message, fix=enable)


def check_autoload(settings: Settings) -> Check:
    """Find out whether `%vibe` is there in every new IPython of this environment."""
    name = "autoload"
    file = Path(sys.prefix) / _STARTUP_FILE
    if not settings.autoload:
        message = "switched off by VIBE_AUTOLOAD: %load_ext vibe_jupyter"
        return Check(name=name, status="ok", message=message)
    if file.is_file():
        return Check(name=name, status="ok", message=f"%vibe loads itself from {file}")
    message = f"{file} is missing: %load_ext vibe_jupyter is needed in every session"
    return Check(name=name, status="warning", message=message, fix=_REINSTALL)


def check_kernelspec(_settings: Settings) -> Check:
    """Find out whether the kernel `python3` runs in this environment and not in another one."""
    from jupyter_core.paths import jupyter_path

    name = "kernel"
    found = (Path(folder, "python3", "kernel.json") for folder in jupyter_path("kernels"))
    file = next((candidate for candidate in found if candidate.is_file()), None)
    if file is None:
        return Check(name=name, status="ok", message="python3 is the kernel of this environment")
    argv = _read_json(file).get("argv")
    program = argv[0] if isinstance(argv, list) and argv and isinstance(argv[0], str) else None
    if program is not None and (_BARE_PYTHON.match(program) or _is_this_python(program)):
        return Check(name=name, status="ok", message=f"python3 runs {sys.executable}")
    says = f"runs {program}, not {sys.executable}" if program else "cannot be read"
    inside = file.is_relative_to(sys.prefix)
    fix = (
        f"{shlex.quote(sys.executable)} -m ipykernel install --sys-prefix"
        if inside
        else "jupyter kernelspec remove -f python3"
    )
    return Check(name=name, status="warning", message=f"the kernel python3 in {file.parent} {says}", fix=fix)


def _extension_switch(file: Path) -> bool | None:
    """Return how `file` switches our extension, None if it does not say."""
    server = _read_json(file).get("ServerApp")
    extensions = server.get("jpserver_extensions") if isinstance(server, dict) else None
    switch = extensions.get(_EXTENSION) if isinstance(extensions, dict) else None
    return switch if isinstance(switch, bool) else None


def _read_json(file: Path) -> dict[str, Any]:
    """Return the object in `file`; nothing where Jupyter could read nothing either."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_this_python(program: str) -> bool:
    """Compare the folders: in virtual environments `python` is a link to one and the same interpreter."""
    return Path(program).absolute().parent.resolve() == Path(sys.executable).absolute().parent.resolve()
