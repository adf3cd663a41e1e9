"""How the Spaces of the fake hub build and run: by their files alone, a stage further each time somebody looks."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

__all__ = ["SpaceSimulation", "declared"]

Read = Callable[[str], bytes | None]
_MISSING_PACKAGE = "does-not-exist"
_MISSING_MODULE = "missing_module"
_RAISE = re.compile(r"^\s*raise\s+(?P<type>\w+)(?:\((?P<words>['\"].*['\"])?\))?", re.MULTILINE)


@dataclass
class _Log:
    lines: list[dict[str, str]] = field(default_factory=list)
    closed: bool = False


class SpaceSimulation:
    """State of one Space. Its lock is a condition: who follows a log waits on it."""

    def __init__(self, domain: str, hardware: str | None) -> None:
        self.changed = threading.Condition()
        self.logs = {"build": _Log(closed=True), "run": _Log(closed=True)}
        self.requested = hardware or "cpu-basic"
        self.ended = False
        self._domain = domain
        self._stages: list[str] = ["NO_APP_FILE"]
        self._error: str | None = None
        self._sha: str | None = None
        self._clock = 0

    def build(self, sha: str, read: Read) -> None:
        """Begin to build a commit."""
        with self.changed:
            self.logs = {"build": _Log(), "run": _Log()}
            self._error = None
            self._sha = sha
            self._stages = self._planned(read)
            self._close_what_ended()
            self.changed.notify_all()

    def look(self) -> dict[str, Any]:
        """Return the runtime as it is now; the next look sees the next stage."""
        with self.changed:
            seen = self.runtime()
            if len(self._stages) > 1:
                self._stages.pop(0)
                self._close_what_ended()
            self.changed.notify_all()
            return seen

    def runtime(self) -> dict[str, Any]:
        """Return the runtime without going on."""
        with self.changed:
            is_up = self._stages[0] in ("RUNNING", "APP_STARTING")
            data: dict[str, Any] = {
                "stage": self._stages[0],
                "hardware": {"current": self.requested if is_up else None, "requested": self.requested},
                "storage": None, "gcTimeout": 172800, "replicas": {"current": 1, "requested": 1},
                "devMode": False, "sha": self._sha,
                "domains": [{"domain": self._domain, "stage": "READY"}] if is_up else [],
            }  # fmt: skip
            if self._error is not None and len(self._stages) == 1:
                data["errorMessage"] = self._error
            return data

    def pause(self) -> None:
        with self.changed:
            self._stages = ["PAUSED"]
            self._close_what_ended()
            self.changed.notify_all()

    def end(self) -> None:
        """Let go everybody who follows a log."""
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _planned(self, read: Read) -> list[str]:
        """Return the stages that a commit goes through, and write its logs."""
        meta, problem = declared(read("README.md"))
        if problem:
            self._error = problem
            return ["CONFIG_ERROR"]
        if meta["sdk"] == "static":
            return ["RUNNING"] if read(meta.get("app_file", "index.html")) is not None else ["NO_APP_FILE"]
        app_file = "Dockerfile" if meta["sdk"] == "docker" else str(meta.get("app_file", "app.py"))
        app = read(app_file)
        if app is None:
            return ["NO_APP_FILE"]
        self._say("build", "===== Build Queued =====")
        self._say("build", "--> RUN pip install --no-cache-dir -r requirements.txt")
        packages = (read("requirements.txt") or b"").decode().split()
        if _MISSING_PACKAGE in packages:
            self._say(
                "build",
                f"\x1b[31mERROR: Could not find a version that satisfies the requirement {_MISSING_PACKAGE}\x1b[0m",
            )
            self._say("build", f"\x1b[31mERROR: No matching distribution found for {_MISSING_PACKAGE}\x1b[0m")
            self._say("build", '--> ERROR: process "/bin/sh -c pip install" did not complete: exit code: 1')
            self._error = "Job failed with exit code: 1. Reason: cache miss"
            return ["BUILDING", "BUILD_ERROR"]
        self._say("build", "--> Pushing image\nDONE 0.4s")
        self._say("run", "===== Application Startup =====")
        if (why := _fails_with(app.decode("utf-8", "replace"))) is not None:
            self._say(
                "run",
                f'Traceback (most recent call last):\n  File "/home/user/app/{app_file}", line 1\n{why}',
            )
            self._error = "Exit code: 1. Reason: the application failed"
            return ["BUILDING", "APP_STARTING", "RUNTIME_ERROR"]
        self._say("run", "* Running on local URL:  http://0.0.0.0:7860")
        return ["BUILDING", "APP_STARTING", "RUNNING"]

    def _close_what_ended(self) -> None:
        self.logs["build"].closed = self._stages[0] != "BUILDING"
        self.logs["run"].closed = self._stages[0] not in ("BUILDING", "APP_STARTING", "RUNNING")

    def _say(self, kind: str, text: str) -> None:
        self._clock += 1
        stamp = f"2026-11-26T10:{self._clock // 60:02}:{self._clock % 60:02}.000Z"
        self.logs[kind].lines.append({"data": f"{text}\n", "timestamp": stamp})


def declared(readme: bytes | None) -> tuple[dict[str, Any], str | None]:
    """Return what the README of a Space declares, and what is wrong with it."""
    text = (readme or b"").decode("utf-8", "replace")
    found = re.match(r"---\r?\n(.*?)^---\s*$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        return {}, "Missing configuration in README"
    try:
        meta = yaml.safe_load(found[1])
    except yaml.YAMLError:
        return {}, "Invalid configuration in README: YAML"
    if not isinstance(meta, dict) or meta.get("sdk") not in ("gradio", "streamlit", "docker", "static"):
        return {}, 'Invalid configuration in README: "sdk" must be one of [gradio, streamlit, docker, static]'
    return meta, None


def _fails_with(app: str) -> str | None:
    if re.search(rf"^\s*import {_MISSING_MODULE}\b", app, re.MULTILINE):
        return f"ModuleNotFoundError: No module named '{_MISSING_MODULE}'"
    if (found := _RAISE.search(app)) is None:
        return None
    words = (found["words"] or "").strip("'\"")
    return f"{found['type']}: {words}" if words else found["type"]
