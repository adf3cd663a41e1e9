"""Large files by git's LFS protocol, in one piece or in parts, as the hub asks.

The hub offers xet as well, which saves bandwidth where large files change a little. It takes these uploads for every
repository, and a hub that is not Hugging Face's own has nothing else.

See https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md.
"""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING, Any

from vibe_jupyter.core.services.failures import BadResponse, ServiceInvalid
from vibe_jupyter.core.services.huggingface.local_files import changed_meanwhile
from vibe_jupyter.core.services.huggingface.names import quoted
from vibe_jupyter.core.services.huggingface.repositories import named
from vibe_jupyter.core.services.huggingface.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from vibe_jupyter.core.services.huggingface.calling import HubCalls
    from vibe_jupyter.core.services.huggingface.local_files import LocalFile
    from vibe_jupyter.core.services.huggingface.schemas import RepoKind

__all__ = ["LargeFiles"]

_BATCH = 256
_PIECE_BYTES = 1 << 20
_HEADERS = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}
_OPERATION = "upload"


class LargeFiles:
    """Brings large files to the hub's storage, where a commit can name them by their SHA-256.

    Args:
        on_sent: is told of every piece that has gone out, in bytes; a negative number takes back what must go again.
    """

    def __init__(self, calls: HubCalls, kind: RepoKind, repo_id: str, on_sent: Callable[[int], None]) -> None:
        self._calls = calls
        self._kind = kind
        self._id = repo_id
        self._on_sent = on_sent

    async def upload(self, files: Sequence[LocalFile]) -> None:
        """Upload what the storage does not have yet; doing it again costs nothing."""
        by_content = {file.sha256: file for file in files}
        unique = list(by_content.values())
        for start in range(0, len(unique), _BATCH):
            chunk = unique[start : start + _BATCH]
            for wanted in await self._batch(chunk):
                await self._upload_one(by_content[wanted["oid"]], wanted)

    async def _batch(self, files: Sequence[LocalFile]) -> list[dict[str, Any]]:
        path = f"/{self._kind}s/{quoted(self._id)}.git/info/lfs/objects/batch"
        body = {
            "operation": "upload", "transfers": ["basic", "multipart"], "hash_algo": "sha256",
            "objects": [{"oid": file.sha256, "size": file.size} for file in files],
            "ref": {"name": "main"},
        }  # fmt: skip
        oids = {file.sha256 for file in files}

        def read(data: Any) -> list[dict[str, Any]]:
            objects = [dict(one) for one in data["objects"]]
            if {one["oid"] for one in objects} - oids:
                raise ValueError("objects that nobody asked about")
            return objects

        objects = await self._calls.ask(
            _OPERATION, "POST", path, read, subject=named(self._kind, self._id), json=body, headers=_HEADERS
        )
        for one in objects:
            if refused := one.get("error"):
                path = next(file.path for file in files if file.sha256 == one["oid"])
                raise ServiceInvalid(
                    f"Hugging Face does not take {path}: {str(refused.get('message'))[:200]}",
                    service="huggingface", operation=_OPERATION, http_status=refused.get("code"),
                    hint="leave it out, or split it",
                )  # fmt: skip
        return objects

    async def _upload_one(self, file: LocalFile, wanted: dict[str, Any]) -> None:
        actions = wanted.get("actions") or {}
        if "upload" not in actions:
            self._on_sent(file.size)  # it is there
            return
        try:
            href, header = str(actions["upload"]["href"]), dict(actions["upload"].get("header") or {})
            chunk_size = int(header.pop("chunk_size", 0))
            verify = str(actions["verify"]["href"]) if "verify" in actions else None
        except (KeyError, TypeError, ValueError):
            raise self._senseless(file) from None
        if chunk_size:
            await self._in_parts(file, href, header, chunk_size)
        else:
            await self._put(file, href, 0, file.size, header)
        if verify is not None:
            await self._calls.ask(
                _OPERATION, "POST", verify, lambda _: None, subject=file.path,
                json={"oid": file.sha256, "size": file.size},
            )  # fmt: skip

    async def _in_parts(self, file: LocalFile, href: str, header: dict[str, Any], chunk_size: int) -> None:
        urls = [str(header[number]) for number in sorted((n for n in header if n.isdigit()), key=int)]
        if len(urls) != math.ceil(file.size / chunk_size):
            raise self._senseless(file)
        parts = []
        for number, url in enumerate(urls):
            start = number * chunk_size
            tag = await self._put(file, url, start, min(chunk_size, file.size - start), {})
            parts.append({"partNumber": number + 1, "etag": tag})
        await self._calls.ask(
            _OPERATION, "POST", href, lambda _: None, subject=file.path,
            json={"oid": file.sha256, "parts": parts}, headers=_HEADERS,
        )  # fmt: skip

    async def _put(self, file: LocalFile, url: str, start: int, size: int, header: dict[str, Any]) -> str:
        """Send a part of a file and return its tag. The address is signed: the token stays at home."""
        headers = {**{str(name): str(value) for name, value in header.items()}, "Content-Length": str(size)}

        async def once() -> str:
            sent = 0

            def told(count: int) -> None:
                nonlocal sent
                sent += count
                self._on_sent(count)

            try:
                content = await in_thread(file.open)
                with content:
                    await in_thread(content.seek, start)
                    response = await self._calls.send(
                        _OPERATION, "PUT", url, subject=file.path, authorized=False, headers=headers,
                        content=_pieces(file, content, size, told),
                    )  # fmt: skip
            except BaseException:
                self._on_sent(-sent)
                raise
            return str(response.headers.get("ETag", ""))

        return await self._calls.repeated(once, repeatable=True)

    def _senseless(self, file: LocalFile) -> BadResponse:
        return BadResponse(
            f"where to upload {file.path} to was not said in a way that makes sense",
            service="huggingface", operation=_OPERATION,
            hint=f"is {self._calls.endpoint} the address of a hub?",
        )  # fmt: skip


async def _pieces(
    file: LocalFile, content: IO[bytes], size: int, told: Callable[[int], None]
) -> AsyncIterator[bytes]:
    while size > 0:
        piece = await in_thread(content.read, min(_PIECE_BYTES, size))
        if not piece:
            raise changed_meanwhile(file)
        size -= len(piece)
        yield piece
        told(len(piece))
