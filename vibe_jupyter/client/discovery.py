"""Which server are we on? Nothing of Jupyter's server is imported for that: it would cost a second.

In this order: `VIBE_SERVER_URL`, which a server with our extension sets for its kernels; the server that started
this kernel, by its process id; a live server on the same data directory whose root holds the working directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vibe_jupyter.core.settings import Settings

__all__ = ["IN_PROCESS", "Server", "find_server", "forget_server", "loopback", "remember_server"]


_ANSWER_S = 3.0
IN_PROCESS = "in-process"
"""In place of a URL: use no server, whatever is running."""


@dataclass(frozen=True)
class Server:
    """A Jupyter server that may have our extension."""

    url: str
    token: str | None
    how: str
    """How it was found."""
    is_certain: bool
    """Whether it was named by configuration: then it is used or it is an error, never passed over."""


def find_server(settings: Settings) -> Server | None:
    """Return the server to talk to; None means that the platform runs in this process."""
    if settings.server_url:
        token = settings.server_token.get_secret_value() if settings.server_token else None
        return Server(settings.server_url, token, "VIBE_SERVER_URL", is_certain=True)
    for candidate in (*_parents(), *_on_data_dir(settings.data_dir)):
        if _answers(candidate):
            return candidate
    return None


def loopback(url: str, ip: str) -> str:
    """Return the URL of a server that listens on all interfaces as this machine itself reaches it.

    Its own URL names the machine, a name that may not resolve here, or only through a proxy.
    """
    local = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "[::1]"}.get(ip)  # noqa: S104
    parts = urllib.parse.urlsplit(url)
    if local is None or parts.scheme != "http":  # a certificate is for the machine's name
        return url
    return parts._replace(netloc=f"{local}:{parts.port}" if parts.port else local).geturl()


def remember_server(data_dir: Path, url: str, token: str, root: Path) -> Path:
    """Leave a note of a server in the data directory, for clients there; only its owner can read it."""
    folder = data_dir / "servers"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{os.getpid()}.json"
    file.unlink(missing_ok=True)
    note = json.dumps({"url": url, "token": token, "root": str(root)})
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(note)
    return file


def forget_server(data_dir: Path) -> None:
    """Take the note away."""
    (data_dir / "servers" / f"{os.getpid()}.json").unlink(missing_ok=True)


def _parents() -> Iterator[Server]:
    """Yield the server that started this kernel: its process id is in our environment."""
    parent = os.environ.get("JPY_PARENT_PID", "")
    if not parent.isdigit():
        return
    from jupyter_core.paths import jupyter_runtime_dir

    info = _read(Path(jupyter_runtime_dir()) / f"jpserver-{parent}.json")
    if isinstance(info.get("url"), str):
        token = info.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN")
        url = loopback(info["url"], str(info.get("hostname")))
        yield Server(url, token, "the server that started this kernel", is_certain=False)


def _on_data_dir(data_dir: Path) -> Iterator[Server]:
    try:
        here = Path.cwd()
    except FileNotFoundError:  # it was deleted under us
        return
    for file in sorted((data_dir / "servers").glob("*.json")):
        info = _read(file)
        if isinstance(info.get("url"), str) and here.is_relative_to(str(info.get("root") or "")):
            yield Server(info["url"], info.get("token"), "a server on this data directory", is_certain=False)


def _read(file: Path) -> dict[str, Any]:
    """Return the object in a file; nothing if it is gone or was cut off by a crash."""
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def _answers(server: Server) -> bool:
    """Return whether there is a platform: a file of a crashed server may name a port that is another's now."""
    from vibe_jupyter.client.http import HttpTransport
    from vibe_jupyter.core.errors import VibeError
    from vibe_jupyter.core.status.operations import get_status

    try:
        with contextlib.closing(HttpTransport(server.url, server.token, timeout_s=_ANSWER_S)) as transport:
            transport.call(get_status, {})
    except VibeError as error:
        return error.code == "server.api_level"  # it is one, and using it will say which side to upgrade
    return True
