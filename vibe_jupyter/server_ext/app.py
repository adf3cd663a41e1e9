"""The Jupyter server extension: it owns the platform and lists every route."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from tornado.ioloop import PeriodicCallback
from traitlets import Float, default

from vibe_jupyter.core.database.failures import stopping
from vibe_jupyter.core.errors import Unavailable, VibeError
from vibe_jupyter.core.memory import spare_collector
from vibe_jupyter.server_ext.mcp_endpoint import McpEndpoint

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from vibe_jupyter.core.platform import Platform
    from vibe_jupyter.core.settings import Settings

__all__ = ["VibeApp"]

_ACTIVITY_EVERY_MS = 2000
_FOR_KERNELS = ("VIBE_SERVER_URL", "VIBE_SERVER_TOKEN")
_SECRETS = ("VIBE_DATABASE_URL", "VIBE_SECRET_KEY", "VIBE_SECRET_KEYS")
"""Environment variables that kernels must not inherit: they talk to us, not to the database."""


def _not_started(why: str, hint: str | None) -> Unavailable:
    return Unavailable(
        f"vibe_jupyter could not start: {why}"[:1000],
        code="platform.not_started",
        hint=hint or "jupyter vibe doctor finds the cause",
    )


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
    _settings: Settings | VibeError | None = None
    _activity: PeriodicCallback | None = None
    _is_stopping = False

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
        try:
            await self.platform()
        except VibeError as error:
            self.log.error("vibe_jupyter did not start: %s", error)
        for name in _SECRETS:
            os.environ.pop(name, None)
        if not serverapp.sock:  # our client speaks no Unix sockets: kernels of such a server do without it
            os.environ["VIBE_SERVER_URL"] = self._url
            os.environ["VIBE_SERVER_TOKEN"] = self._token
        spare_collector()
        self._activity = PeriodicCallback(self._count_as_activity, _ACTIVITY_EVERY_MS)
        self._activity.start()

    async def stop_extension(self) -> None:
        """Stop the platform; what runs is taken over by others or goes on at the next start."""
        self._is_stopping = True
        for name in _FOR_KERNELS:
            os.environ.pop(name, None)
        if self._activity is not None:
            self._activity.stop()
        await self.mcp_endpoint.close()
        if self._platform is not None:
            from vibe_jupyter.client.discovery import forget_server

            forget_server(self._platform.settings.data_dir)
            platform, self._platform = self._platform, None
            await asyncio.get_running_loop().run_in_executor(None, platform.stop)

    @functools.cached_property
    def mcp_endpoint(self) -> McpEndpoint:
        """Return our MCP server; nothing of it is imported before its first request."""

        def make_server() -> Any:
            from vibe_jupyter.core.mcp_server.server import build_server

            return build_server(self._required_platform, lambda request: request.state.principal)

        return McpEndpoint(make_server)

    def _required_platform(self) -> Platform:
        if self._platform is None:
            raise stopping()
        return self._platform

    @functools.cached_property
    def logs_requests(self) -> bool:
        """Return whether Jupyter shows ordinary requests in its log."""
        level = self.serverapp.log_level if self.serverapp is not None else logging.INFO
        return bool(
            (level if isinstance(level, int) else logging.getLevelNamesMapping()[str(level)]) <= logging.DEBUG
        )

    @functools.cached_property
    def known_hosts(self) -> frozenset[str]:
        """Return the `Host` headers of nearly every request, which need no closer look: our own addresses."""
        if self.serverapp is None:
            return frozenset()
        return frozenset(f"{name}:{self.serverapp.port}" for name in ("127.0.0.1", "[::1]"))

    @property
    def ready_platform(self) -> Platform | None:
        """Return the platform if it is up."""
        return self._platform

    async def platform(self) -> Platform:
        """Return the platform; the first call starts it, on a thread, so that the server is not held up.

        Raises:
            Unavailable: `platform.not_started`, with the reason; `platform.stopping`.
        """
        if self._is_stopping:
            raise stopping()
        if self._platform is not None:
            return self._platform
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.create_task(self._start_platform())
        try:
            return await asyncio.shield(self._starting)
        except VibeError as error:
            raise _not_started(error.message, error.hint) from error
        except Exception as error:
            raise _not_started(f"{type(error).__name__}: {error}", None) from error

    async def _start_platform(self) -> Platform:
        assert self.serverapp is not None
        root, is_socket = Path(self.serverapp.root_dir), bool(self.serverapp.sock)

        url, token = self._url, self._token

        def start() -> Platform:
            from vibe_jupyter.client.discovery import remember_server
            from vibe_jupyter.core.platform import Platform

            settings = self._read_settings()
            platform = Platform(settings, root, "server")
            platform.start()
            if not is_socket:
                remember_server(settings.data_dir, url, token, platform.root)
            return platform

        self._platform = await asyncio.get_running_loop().run_in_executor(None, start)
        return self._platform

    def _read_settings(self) -> Settings:
        """Read the settings once: a second time the secrets are gone from the environment."""
        from vibe_jupyter.core.settings import load_settings

        if self._settings is None:
            try:
                self._settings = load_settings()
            except VibeError as error:
                error.hint = f"correct it and restart the server; {error.hint}"
                self._settings = error
        if isinstance(self._settings, VibeError):
            raise self._settings
        return self._settings

    @property
    def _token(self) -> str:
        """Return the token by which kernels speak to their server; under JupyterHub the hub has given it one."""
        assert self.serverapp is not None
        token: str = self.serverapp.identity_provider.token
        return token or os.environ.get("JUPYTERHUB_API_TOKEN", "")

    @property
    def _url(self) -> str:
        """Return the server's base URL as this machine itself reaches it."""
        from vibe_jupyter.client.discovery import loopback

        assert self.serverapp is not None
        return loopback(self.serverapp.connection_url, self.serverapp.ip)

    async def _count_as_activity(self) -> None:
        """Keep an idle culler from ending the server while a task runs."""
        platform = self._platform
        if platform is None or self.serverapp is None:
            return
        with contextlib.suppress(Unavailable):  # it is stopping
            if await platform.acall(platform.execution.is_busy()):
                times: dict[str, Any] = self.serverapp.web_app.settings["last_activity_times"]
                times[self.name] = datetime.now(UTC)
