"""The floor: bare tornado handlers, one that answers a small JSON body and one that accepts one.

`python -m benchmarks.bare_tornado PORT`
"""

from __future__ import annotations

import asyncio
import json
import sys

from tornado.web import Application, RequestHandler

__all__ = ["SMALL_PATH", "main"]

SMALL_PATH = "/small"


class SmallHandler(RequestHandler):
    """Nothing but tornado and a small dictionary."""

    def get(self) -> None:
        self.write({"id": 1, "state": "succeeded"})

    def post(self) -> None:
        body = json.loads(self.request.body)
        self.set_status(202)
        self.write({"id": 1, "type": body["type"], "state": "queued"})


async def _serve(port: int) -> None:
    Application([(SMALL_PATH, SmallHandler)]).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


def main() -> None:
    """Serve until the process is ended."""
    asyncio.run(_serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
