"""One JupyterLab and one page for all browser tests; each opens a notebook of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.lab import CHROMIUM_ARGS, Notebook, open_lab
from tests.servers import REPOSITORY, JupyterServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

_QUIET_SETTINGS = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "docmanager-extension/plugin": {"autosave": False},
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
}


def chromium() -> str | None:
    """Return the browser of this machine."""
    named = os.environ.get("VIBE_CHROMIUM")
    return (
        named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests last: Playwright leaves an event loop running on the main thread to the end."""
    items.sort(key=lambda item: "browser" in item.keywords)
    if chromium() is None and "VIBE_CI" not in os.environ:
        reason = "no Chromium here: apt-get install chromium, or set VIBE_CHROMIUM"
        for item in items:
            if "browser" in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": chromium(), "args": CHROMIUM_ARGS}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterServer]:
    folder = tmp_path_factory.mktemp("lab")
    settings = folder / "settings"
    for name, values in _QUIET_SETTINGS.items():
        file = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    env = {"JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces")}
    root = folder / "root"
    shutil.copytree(REPOSITORY / "notebooks", root)
    with JupyterServer(folder, app="jupyterlab", env=env, root=root) as server:
        yield server


@pytest.fixture(scope="session")
def lab_page(browser: Any, lab: JupyterServer) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 1400})
    page = context.new_page()
    page.errors, page.outside = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    local = (lab.url, "data:", "blob:")
    page.on("request", lambda request: request.url.startswith(local) or page.outside.append(request.url))
    open_lab(page, lab.url, lab.token)
    yield page
    context.close()


@pytest.fixture
def notebook(
    lab_page: Any, lab: JupyterServer, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    """Return what opens a notebook; at the end the page must not have failed or asked the outside."""
    opened: list[Notebook] = []

    def open_notebook(*cells: str, path: str | None = None) -> Notebook:
        name = path or re.sub(r"\W+", "-", request.node.name) + ".ipynb"
        opened.append(Notebook(lab_page, Path(lab.root) / name, *cells))
        return opened[-1]

    yield open_notebook
    for each in opened:
        each.close()
    errors, outside = lab_page.errors[:], lab_page.outside[:]
    lab_page.errors.clear()
    lab_page.outside.clear()
    assert not errors, errors
    assert not outside, f"the page asked the outside: {outside}"
