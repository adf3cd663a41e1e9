"""The description of the API: the OpenAPI document, and Swagger UI over it from packaged files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

from vibe_jupyter.server_ext.handlers import VibeHandler
from vibe_jupyter.server_ext.openapi import document

__all__ = ["STATIC", "DocsFileHandler", "DocsHandler", "OpenApiHandler"]

STATIC = Path(__file__).parent / "static"
_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)


class OpenApiHandler(VibeHandler):
    """GET /vibe/api/openapi.json."""

    allowed_methods = ("GET",)

    async def get(self) -> None:
        """Answer with the document."""
        self.finish(orjson.dumps(document(url_path_join(self.base_url, "vibe/api"))))


class DocsHandler(JupyterHandler):
    """GET /vibe/docs, for people: one who is not signed in is sent to Jupyter's own form."""

    @property
    def content_security_policy(self) -> str:
        """Allow what Swagger UI needs and nothing from elsewhere."""
        return _CSP

    @web.authenticated
    def get(self) -> None:
        """Answer with the page, and with the cookie that its writes send back."""
        _ = self.xsrf_token  # sets the cookie if there is none
        base = url_path_join(self.base_url, "vibe/docs/static")
        page = (STATIC / "docs.html").read_text(encoding="utf-8")
        self.finish(
            page.replace("{{static}}", base).replace("{{api}}", url_path_join(self.base_url, "vibe/api"))
        )


class DocsFileHandler(web.StaticFileHandler):
    """The page's own files: public, like Jupyter's static files; nothing but what lies in the folder of the route."""

    @allow_unauthenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Answer with a file."""
        await super().get(path, include_body)

    @allow_unauthenticated
    async def head(self, path: str) -> None:
        """Answer with a file's headers."""
        await super().get(path, include_body=False)

    def set_extra_headers(self, path: str) -> None:
        """Never let a browser guess a type."""
        self.set_header("X-Content-Type-Options", "nosniff")

    def validate_absolute_path(self, root: str, absolute_path: str) -> Any:
        """Serve only script, style and licence."""
        if Path(absolute_path).suffix not in (".js", ".css", ".txt"):
            raise web.HTTPError(404)
        return super().validate_absolute_path(root, absolute_path)
