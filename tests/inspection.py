"""What tests put into a server: an extension that lists all routes and has one that fails; another's identities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from jupyter_server.auth import IdentityProvider, User
from jupyter_server.utils import url_path_join
from tornado import web

from vibe_jupyter.core.operations import Operation
from vibe_jupyter.server_ext.handlers import OperationHandler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_server.serverapp import ServerApp

ROUTES, FAILURE = "test/routes", "test/failure"


class RoutesHandler(web.RequestHandler):
    """GET: `[pattern, module, class]` of each route."""

    def get(self) -> None:
        app: Any = self.application
        self.finish(orjson.dumps(list(_rows(app.default_router))))


def _rows(router: Any) -> Iterator[list[str]]:
    for rule in router.rules:
        if isinstance(rule.target, type):
            yield [rule.matcher.regex.pattern, rule.target.__module__, rule.target.__name__]
        elif hasattr(rule.target, "rules"):
            yield from _rows(rule.target)


async def fail(platform: Any, principal: Any) -> str:
    """Fail in a way that nobody has thought of."""
    raise RuntimeError("the text of a bug")


class FailureHandler(OperationHandler):
    """An operation of ours with a bug."""

    operations = {"GET": Operation("test.fail", fail, "GET", "/fail", "tasks:read")}  # noqa: RUF012
    allowed_methods = ("GET",)

    async def get(self) -> None:
        await self.run()


def _load_jupyter_server_extension(server: ServerApp) -> None:
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(
        ".*$",
        [(url_path_join(base, ROUTES), RoutesHandler), (url_path_join(base, FAILURE), FailureHandler)],
    )


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "tests.inspection"}]


class HubLike(IdentityProvider):
    """An identity provider of somebody else, as a hub installs one: it alone knows who a token stands for."""

    async def get_user(self, handler: Any) -> User | None:
        if handler.request.headers.get("Authorization") == "token of-the-hub":
            handler._token_authenticated = True
            return User("alice")
        return None

    @property
    def token(self) -> str:
        return ""

    @property
    def auth_enabled(self) -> bool:
        return True
