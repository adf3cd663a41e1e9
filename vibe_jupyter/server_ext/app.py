"""The Jupyter server extension: it owns the platform and lists every route."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from tornado.ioloop import PeriodicCallback
from traitlets import Float, default

from vibe_jupyter.core.errors import Unavailable, VibeError

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from vibe_jupyter.core.platform import Platform

__all__ = ["VibeApp"]

_ACTIVITY_EVERY_MS = 2000
_FOR_KERNELS = ("VIBE_SERVER_URL", "VIBE_SERVER_TOKEN")
_SECRETS = ("VIBE_DATABASE_URL",)
"""Environment variables that kernels must not inherit: they talk to us, not to the database."""


class VibeApp(ExtensionApp):
    """vibe_jupyter inside a Jupyter server."""

    name = "vibe_jupyter"
    load_other_extensions = True
    extension_url = "/vibe/docs"
    heartbeat_s = Float(
        15.0, help="After so many seconds without news an event stream says that it is still there."
    ).tag(config=True)
    description = "Say what you want done in a notebook cell; it is routed, run durably and remembered."

    _platform: Platform | None = None
    _starting: asyncio.Task[Platform] | None = None
    _activity: PeriodicCallback | None = None

    @default("static_paths")
    def _no_static_paths(self) -> list[str]:
        return []

    def initialize_settings(self) -> None:
        """Let our handlers find us."""
        self.settings["vibe_app"] = self

    def initialize_handlers(self) -> None:
        """Add every route of the operation table, and the documentation."""
        from vibe_jupyter.server_ext.routes import routes

        self.handlers.extend(routes())

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """Start the platform in the background, and tell the kernels to come about us."""
        environment = {
            "VIBE_SERVER_URL": serverapp.connection_url,
            "VIBE_SERVER_TOKEN": serverapp.identity_provider.token,
        }
        try:
            await self.platform()
        except VibeError as error:
            self.log.error("vibe_jupyter did not start: %s", error)
        from vibe_jupyter.client.discovery import remember_server

        for name in _SECRETS:
            os.environ.pop(name, None)
        os.environ.update(environment)
        if self._platform is not None:
            remember_server(
                self._platform.settings.data_dir,
                serverapp.connection_url,
                serverapp.identity_provider.token,
                self._platform.root,
            )
        self._activity = PeriodicCallback(self._count_as_activity, _ACTIVITY_EVERY_MS)
        self._activity.start()

    async def stop_extension(self) -> None:
        """Stop the platform; what runs is taken over by others or goes on at the next start."""
        for name in _FOR_KERNELS:
            os.environ.pop(name, None)
        if self._activity is not None:
            self._activity.stop()
        if self._platform is not None:
            from vibe_jupyter.client.discovery import forget_server

            forget_server(self._platform.settings.data_dir)
            platform, self._platform = self._platform, None
            await asyncio.get_running_loop().run_in_executor(None, platform.stop)

    @property
    def ready_platform(self) -> Platform | None:
        """Return the platform if it is up."""
        return self._platform

    async def platform(self) -> Platform:
        """Return the platform; the first call starts it, on a thread, so that the server is not held up.

        Raises:
            Unavailable: `platform.not_started`, with the reason.
        """
        if self._platform is not None:
            return self._platform
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.create_task(self._start_platform())
        try:
            return await asyncio.shield(self._starting)
        except VibeError as error:
            raise Unavailable(
                f"vibe_jupyter could not start: {error.message}",
                code="platform.not_started",
                hint=error.hint or "jupyter vibe doctor finds the cause",
            ) from error

    async def _start_platform(self) -> Platform:
        assert self.serverapp is not None
        root = Path(self.serverapp.root_dir)

        def start() -> Platform:
            from vibe_jupyter.core.platform import Platform
            from vibe_jupyter.core.settings import load_settings

            platform = Platform(load_settings(), root, "server")
            platform.start()
            return platform

        self._platform = await asyncio.get_running_loop().run_in_executor(None, start)
        return self._platform

    def _count_as_activity(self) -> None:
        """Keep an idle culler from ending the server while a task runs."""
        if self._platform is not None and self._platform.running and self.serverapp is not None:
            times: dict[str, Any] = self.serverapp.web_app.settings["last_activity_times"]
            times[self.name] = datetime.now(UTC)
