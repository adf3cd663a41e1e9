"""Run all checks side by side: none can raise, and none can hold up the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from vibe_jupyter.core.doctor.check import Check
from vibe_jupyter.core.doctor.database import (
    check_database,
    check_engine_database,
    check_full_text,
    check_sqlite_library,
)
from vibe_jupyter.core.doctor.jupyter import check_autoload, check_kernelspec, check_server_extension
from vibe_jupyter.core.doctor.packages import check_extras, check_packages
from vibe_jupyter.core.doctor.secrets import check_secret_keys
from vibe_jupyter.core.doctor.surroundings import (
    check_allowed_roots,
    check_data_directory,
    check_env_file,
    check_proxy,
)

if TYPE_CHECKING:
    from vibe_jupyter.core.settings import Settings

__all__ = ["CHECKS", "run_checks"]

CheckFunction = Callable[["Settings"], Check]

CHECKS: dict[str, CheckFunction] = {
    "packages": check_packages,
    "server extension": check_server_extension,
    "autoload": check_autoload,
    "kernel": check_kernelspec,
    "data directory": check_data_directory,
    "database": check_database,
    "task engine": check_engine_database,
    "SQLite library": check_sqlite_library,
    "full-text search": check_full_text,
    "allowed roots": check_allowed_roots,
    "extras": check_extras,
    "proxy": check_proxy,
    ".env file": check_env_file,
    "secrets": check_secret_keys,
}
TIME_LIMIT_S = 2.0


def run_checks(
    settings: Settings, *, checks: dict[str, CheckFunction] | None = None, time_limit_s: float = TIME_LIMIT_S
) -> list[Check]:
    """Return what each check found, in their declared order.

    Never raises: a check that fails is a problem that says so, one that takes longer than `time_limit_s` is a
    warning. The checks run in threads of their own that end with the process, since a call into a dead
    network file system cannot be interrupted.
    """
    declared = CHECKS if checks is None else checks
    started = {name: _start(name, function, settings) for name, function in declared.items()}
    deadline = time.monotonic() + time_limit_s
    return [_outcome(name, future, deadline, time_limit_s) for name, future in started.items()]


def _start(name: str, function: CheckFunction, settings: Settings) -> Future[Check]:
    future: Future[Check] = Future()

    def run() -> None:
        try:
            future.set_result(function(settings))
        except BaseException as error:  # noqa: BLE001 - handed to the reader of the future, as executors do
            future.set_exception(error)

    threading.Thread(target=run, name=f"vibe-doctor-{name}", daemon=True).start()
    return future


def _outcome(name: str, future: Future[Check], deadline: float, time_limit_s: float) -> Check:
    try:
        error = future.exception(timeout=max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        return Check(name=name, status="warning", message=f"no answer within {time_limit_s:g} s")
    if error is not None:
        text = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
        return Check(name=name, status="problem", message=f"the check itself failed: {reason}"[:300])
    return future.result()
