"""Checks of the data directory, of proxies and of the `.env` file."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_jupyter.core.doctor.check import Check

if TYPE_CHECKING:
    from vibe_jupyter.core.settings import Settings

__all__ = ["check_allowed_roots", "check_data_directory", "check_env_file", "check_proxy", "file_system_of"]

_NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "9p",
        "ncpfs",
        "lustre",
        "gpfs",
        "beegfs",
        "ceph",
        "glusterfs",
    }
    | {
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.rclone",
        "fuse.smbnetfs",
    }
    | {"fuse.blobfuse", "fuse.blobfuse2", "fuse.goofys", "fuse.mount-s3", "fuse.juicefs"}
)
_LOW_BYTES = 2**30
_FULL_BYTES = 100 * 2**20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def check_data_directory(settings: Settings) -> Check:
    """Check that the data directory is ours, private, writable, local and not full."""
    name, folder = "data directory", settings.data_dir
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    elsewhere = "set VIBE_DATA_DIR to a folder of your own on a local disk"
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        return Check(
            name=name, status="problem", message=f"{nearest} is not a writable folder", fix=elsewhere
        )
    file_system = file_system_of(nearest)
    if file_system in _NETWORK_FILE_SYSTEMS and settings.effective_database_url.startswith("sqlite"):
        return Check(
            name=name,
            status="problem",
            message=f"{folder} is on a network file system ({file_system}), where SQLite loses data",
            fix=f"{elsewhere}, or DATABASE_URL to a PostgreSQL",
        )
    free_bytes = shutil.disk_usage(nearest).free
    free = f"{free_bytes / 1e9:.1f} GB free"
    if free_bytes < _LOW_BYTES:
        status = "problem" if free_bytes < _FULL_BYTES else "warning"
        return Check(name=name, status=status, message=f"{folder}: only {free}", fix="free some disk space")
    if nearest != folder:
        return Check(name=name, status="ok", message=f"{folder} is made on first use, {free}")
    mode = folder.stat().st_mode
    if os.name == "posix" and mode & _OTHERS:
        message = f"{folder} is open to other users (mode {stat.S_IMODE(mode):04o})"
        return Check(
            name=name, status="warning", message=message, fix=f"chmod 700 {shlex.quote(str(folder))}"
        )
    return Check(name=name, status="ok", message=f"{folder}, {free}")


def check_allowed_roots(settings: Settings) -> Check:
    """Check that the folders that tasks may read beside the server's root are there."""
    name, roots = "allowed roots", settings.allowed_roots
    if not roots:
        return Check(name=name, status="ok", message="none beside the server's root and registered projects")
    missing = [str(root) for root in roots if not root.is_dir()]
    if missing:
        return Check(
            name=name,
            status="warning",
            message=f"no such folder: {', '.join(missing)}",
            fix=f"set VIBE_ALLOWED_ROOTS to absolute paths of folders that exist, separated by {os.pathsep!r}",
        )
    return Check(name=name, status="ok", message=os.pathsep.join(map(str, roots)))


def check_proxy(_settings: Settings) -> Check:
    """Tell which proxy outgoing requests take; credentials in its address are not shown."""
    import urllib.request

    proxies = urllib.request.getproxies_environment()
    shown = [
        f"{name} {_host(proxies[scheme])}" for name in _PROXY_VARIABLES if (scheme := name[:-6]) in proxies
    ]
    message = "none set"
    if shown:
        message = f"{', '.join(shown)}; requests to this machine itself never take it"
    return Check(name="proxy", status="ok", message=message)


def check_env_file(settings: Settings) -> Check:
    """Check that nobody else can read the `.env` file, which may hold secrets."""
    name, file = ".env file", settings.env_file()
    if not file.exists():
        return Check(name=name, status="ok", message=f"none ({file})")
    if not file.is_file() or not os.access(file, os.R_OK):
        return Check(
            name=name, status="problem", message=f"{file} cannot be read", fix="check its owner and mode"
        )
    mode = file.stat().st_mode
    if os.name == "posix" and mode & _OTHERS:
        message = f"{file} can be read by other users (mode {stat.S_IMODE(mode):04o})"
        return Check(name=name, status="warning", message=message, fix=f"chmod 600 {shlex.quote(str(file))}")
    return Check(name=name, status="ok", message=f"{file}, private")


def file_system_of(path: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """Return the type of the file system that `path` is on, e.g. `ext4`; None where no one says."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    real = path.resolve()
    best: tuple[int, str | None] = (-1, None)
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(_unescaped(fields[1]))
        if real.is_relative_to(point) and len(point.parts) >= best[0]:  # a later mount hides an earlier one
            best = (len(point.parts), fields[2])
    return best[1]


def _unescaped(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field


def _host(url: str) -> str:
    parts = urllib.parse.urlsplit(url if "://" in url else f"//{url}")
    return parts.netloc.rpartition("@")[2]
