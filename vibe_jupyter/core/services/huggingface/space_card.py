"""The README of a Space: the hub reads from it what to run, so what a project's README does not say is supplied.

See https://huggingface.co/docs/hub/spaces-config-reference.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_jupyter.core.services.failures import ServiceInvalid
from vibe_jupyter.core.services.huggingface.front_matter import joined, parted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vibe_jupyter.core.services.huggingface.local_files import Source

__all__ = ["README", "needs_supply", "supplied_readme"]

README = "README.md"
_APP_FILES = {"gradio": ("app.py", "main.py", "demo.py"), "static": ("index.html",)}
_PINNED_GRADIO = re.compile(
    r"^\s*gradio\s*(?:\[[^\]]*\])?\s*==\s*([0-9][0-9A-Za-z.]*)", re.MULTILINE | re.IGNORECASE
)
_TITLE_MAX_CHARACTERS = 100


def needs_supply(files: Mapping[str, Source], sdk: str, operation: str) -> bool:
    """Say whether the README lacks what the hub must know to run the Space; blocks.

    Raises:
        ServiceInvalid: it cannot be read.
    """
    declared, _ = parted(_text(files, README), operation)
    return any(not declared.get(key) for key in _needed(sdk))


def supplied_readme(files: Mapping[str, Source], sdk: str, name: str, remote: str, operation: str) -> bytes:
    """Return the README with what it lacks; blocks.

    What it declares itself stays. The rest is what the Space's README on the hub says already, then what the files
    tell: `app_file` by its usual names, `sdk_version` by a pinned gradio.

    Args:
        files: of the project, by path.
        sdk: gradio, docker or static.
        name: of the Space; its title, if nothing says another one.
        remote: README of the Space on the hub, or nothing.

    Raises:
        ServiceInvalid: there is no file that could be the app, or the README cannot be read.
    """
    mine, text = parted(_text(files, README), operation)
    theirs, _ = parted(remote, operation)
    known = {**theirs, **{key: value for key, value in mine.items() if value is not None}}
    declared: dict[str, Any] = {"title": str(known.get("title") or name)[:_TITLE_MAX_CHARACTERS], **known}
    declared["sdk"] = mine.get("sdk") or sdk
    if not mine.get("app_file"):
        if (found := _app_file(files, declared["sdk"], theirs.get("app_file"), operation)) is not None:
            declared["app_file"] = found
        else:
            declared.pop("app_file", None)
    pinned = _PINNED_GRADIO.search(_text(files, "requirements.txt"))
    if declared["sdk"] != "gradio":
        declared.pop("sdk_version", None)
    elif pinned and not mine.get("sdk_version"):
        declared["sdk_version"] = pinned[1]
    return joined(declared, text or f"# {declared['title']}\n").encode()


def _needed(sdk: str) -> tuple[str, ...]:
    return ("sdk",) if sdk == "docker" else ("sdk", "app_file")


def _app_file(files: Mapping[str, Source], sdk: str, remote: object, operation: str) -> str | None:
    if sdk == "docker":
        if "Dockerfile" not in files:
            raise _no_app("a docker Space needs a Dockerfile", operation, "add one that serves on port 7860")
        return None
    usual = _APP_FILES.get(sdk, ())
    if isinstance(remote, str) and remote in files:
        return remote
    for name in usual:
        if name in files:
            return name
    raise _no_app(
        f"no file looks like the app of a {sdk} Space ({', '.join(usual)})",
        operation, "add one of these, or name yours in README.md as app_file",
    )  # fmt: skip


def _no_app(message: str, operation: str, hint: str) -> ServiceInvalid:
    return ServiceInvalid(message, service="huggingface", operation=operation, hint=hint)


def _text(files: Mapping[str, Source], path: str) -> str:
    source = files.get(path)
    if source is None:
        return ""
    raw = source.read_bytes() if isinstance(source, Path) else source
    return raw.decode("utf-8", errors="replace")
