"""Every way in which the hub, or the way there, can fail, as one of our errors."""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.services.fixtures_hub import ALICE
from vibe_jupyter.core.services.failures import (
    BadResponse,
    ExternalError,
    ServiceAuthFailed,
    ServiceConflict,
    ServiceDenied,
    ServiceInvalid,
    ServiceNotFound,
    ServiceRateLimited,
    ServiceTimeout,
    ServiceUnavailable,
    ServiceUnreachable,
)
from vibe_jupyter.core.services.huggingface.schemas import DatasetSpec, SpaceSpec
from vibe_jupyter.core.services.huggingface.service import HFService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.services.fixtures_hub import HubDouble

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def service(hub_double: HubDouble) -> AsyncIterator[HFService]:
    async with hub_double.service() as opened:
        yield opened


def said(status: int, message: str, code: str | None = None, **headers: str) -> dict[str, Any]:
    """Return a fault as the hub words its refusals."""
    named = {"X-Error-Message": message, "X-Request-Id": "Root=1-abc"} | headers
    return {"status": status, "headers": named | ({"X-Error-Code": code} if code else {})}


@pytest.mark.parametrize(
    ("fault", "kind", "words", "hint"),
    [
        (said(401, "Invalid credentials in Authorization header"), ServiceAuthFailed, "not accept", "make a new one"),
        (said(401, "Invalid username or password.", "RepoNotFound"), ServiceNotFound, "no such repository", "name"),
        (said(402, "Payment required"), ServiceDenied, "Payment required", "it costs"),
        (said(403, "Forbidden: you must use a write token"), ServiceDenied, "write token", "role write"),
        (said(403, "Access to it is restricted", "GatedRepo"), ServiceDenied, "restricted", "ask for access"),
        (said(403, "Access to this resource is disabled."), ServiceDenied, "is disabled", "why it was disabled"),
        (said(403, "Private repository storage limit reached"), ServiceDenied, "storage limit", "larger plan"),
        (said(403, "requires a PRO subscription"), ServiceDenied, "PRO", "it costs"),
        (said(404, "Repository not found", "RepoNotFound"), ServiceNotFound, "no such repository", "name"),
        (said(404, "Invalid rev id: x", "RevisionNotFound"), ServiceNotFound, "no such commit", "name"),
        (said(404, "Entry not found", "EntryNotFound"), ServiceNotFound, "no such file", "name"),
        (said(409, "You already created this space repo"), ServiceConflict, "already created", "try again"),
        (said(412, "A commit has happened since."), ServiceConflict, "commit has happened", "try again"),
        (said(400, "Invalid repo name"), ServiceInvalid, "Invalid repo name", "correct it"),
        (said(413, "Payload Too Large"), ServiceInvalid, "Too Large", "correct it"),
        (said(422, "Unprocessable"), ServiceInvalid, "Unprocessable", "correct it"),
    ],
)  # fmt: skip
async def test_what_the_hub_refuses(
    hub_double: HubDouble,
    service: HFService,
    fault: dict[str, Any],
    kind: type[ExternalError],
    words: str,
    hint: str,
) -> None:
    hub_double.hub.plan("GET /api/spaces/", **fault)
    with pytest.raises(kind, match=words) as refused:
        await service.status("alice/demo")
    error = refused.value
    assert hint in (error.hint or "")
    assert error.code == f"huggingface.{kind.reason}"
    assert (error.http_status, error.request_id) == (fault["status"], "Root=1-abc")
    assert hub_double.hub.faults.count("GET /api/spaces/") == 1  # trying again would not help


async def test_a_token_that_the_hub_does_not_know(hub_double: HubDouble) -> None:
    async with hub_double.service("hf_nobodyKnowsThisOne") as hub:
        with pytest.raises(ServiceAuthFailed) as refused:
            await hub.whoami()
    assert refused.value.status == 424  # 401 would mean a session of ours
    assert "nobodyKnows" not in str(refused.value)


@pytest.mark.parametrize("token", ["", "with space", "hf_x\n", "hf_é"])
async def test_a_token_that_cannot_be_one(token: str) -> None:
    with pytest.raises(ServiceAuthFailed, match="no token has"):
        HFService(token, endpoint="http://127.0.0.1:1")


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_a_hub_that_is_down_for_a_moment(
    hub_double: HubDouble, service: HFService, status: int
) -> None:
    hub_double.hub.plan("/api/whoami-v2", status=status, body=b"<html>oops", times=3)
    assert (await service.whoami()).name == "alice"
    assert hub_double.hub.faults.count("/api/whoami-v2") == 4


async def test_a_hub_that_stays_down(hub_double: HubDouble, service: HFService) -> None:
    hub_double.hub.plan("/api/whoami-v2", status=503, times=100)
    with pytest.raises(ServiceUnavailable, match="HTTP 503") as down:
        await service.whoami()
    assert down.value.retryable
    assert hub_double.hub.faults.count("/api/whoami-v2") == 5


async def test_a_limit_is_waited_for(hub_double: HubDouble, service: HFService) -> None:
    hub_double.hub.plan("/api/whoami-v2", **said(429, "Too many", **{"Retry-After": "0"}), times=2)
    assert (await service.whoami()).name == "alice"


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "3600"},
        {"Retry-After": email.utils.formatdate(time.time() + 3600, usegmt=True)},
        {"RateLimit": '"api";r=0;t=3600', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'},
    ],
)
async def test_a_limit_that_is_too_long_is_told_at_once(
    hub_double: HubDouble, service: HFService, headers: dict[str, str]
) -> None:
    hub_double.hub.plan("/api/whoami-v2", **said(429, "Too many requests", **headers))
    with pytest.raises(ServiceRateLimited, match="Too many requests") as limited:
        await service.whoami()
    assert limited.value.retry_after_s == pytest.approx(
        3600, abs=300
    )  # the date was written when the tests were collected
    assert "try again in 3" in (limited.value.hint or "")
    assert hub_double.hub.faults.count("/api/whoami-v2") == 1


async def test_waits_add_up_to_the_limit(hub_double: HubDouble) -> None:
    hub_double.hub.plan("/api/whoami-v2", **said(429, "x", **{"Retry-After": "0.1"}), times=100)
    async with hub_double.service(max_wait_s=0.25) as hub:
        with pytest.raises(ServiceRateLimited):
            await hub.whoami()
    assert hub_double.hub.faults.count("/api/whoami-v2") == 3


@pytest.mark.parametrize("drop", ["before", "after", "middle"])
async def test_a_connection_that_breaks_is_made_again_for_a_reader(
    hub_double: HubDouble, service: HFService, drop: str
) -> None:
    hub_double.hub.plan("/api/whoami-v2", drop=drop, times=2)
    assert (await service.whoami()).name == "alice"


async def test_a_connection_that_always_breaks(hub_double: HubDouble, service: HFService) -> None:
    hub_double.hub.plan("/api/whoami-v2", drop="before", times=100)
    with pytest.raises(ServiceUnreachable, match="there is no connection") as broken:
        await service.whoami()
    assert broken.value.__cause__ is None  # what the library raises holds the request, and that the token
    assert broken.value.__context__ is None


async def test_no_hub_at_all() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with HFService(ALICE, endpoint=f"http://127.0.0.1:{port}", backoff_s=0.001) as hub:
            with pytest.raises(ServiceUnreachable, match="ConnectError") as nowhere:
                await hub.whoami()
    assert "HF_ENDPOINT" in (nowhere.value.hint or "")
    assert not nowhere.value.maybe_done


@pytest.mark.parametrize("endpoint", ["not a url", "ftp://127.0.0.1", "http://"])
async def test_an_address_that_is_none(endpoint: str) -> None:
    async with HFService(ALICE, endpoint=endpoint, backoff_s=0.001) as hub:
        with pytest.raises(BadResponse) as senseless:
            await hub.whoami()
    assert "hub" in (senseless.value.hint or "")


async def test_a_hub_that_is_silent(hub_double: HubDouble) -> None:
    hub_double.hub.plan("/api/whoami-v2", stall=True, times=100)
    async with hub_double.service(timeout_s=0.05) as hub:
        with pytest.raises(ServiceTimeout, match=r"within 0\.05 s") as silent:
            await hub.whoami()
    assert silent.value.status == 504


async def test_something_else_that_answers(hub_double: HubDouble, service: HFService) -> None:
    hub_double.hub.plan("/api/whoami-v2", garble=True, body=b"<html>Welcome to the hotel</html>", times=100)
    with pytest.raises(BadResponse, match="makes no sense"):
        await service.whoami()
    assert hub_double.hub.faults.count("/api/whoami-v2") == 2


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'"text"', b"{", b"\xff\xfe", b"3"])
async def test_an_answer_of_another_shape_is_asked_for_once_more(
    hub_double: HubDouble, service: HFService, body: bytes
) -> None:
    hub_double.hub.plan("/api/whoami-v2", garble=True, body=body)
    assert (await service.whoami()).name == "alice"


@pytest.mark.parametrize(
    ("where", "body"),
    [
        ("/tree/", b'[{"type": "file"}]'),
        ("/tree/", b'{"error": "none"}'),
        ("/preupload/", b'{"files": [{"path": "app.py", "uploadMode": "pigeon"}]}'),
        ("/preupload/", b'{"files": []}'),
        ("objects/batch", b'{"objects": [{"oid": "0", "size": 1}]}'),
        ("objects/batch", b'{"objects": 3}'),
        ("/commit/main", b"{}"),
    ],
)
async def test_a_deploy_does_not_trip_over_senseless_answers(
    hub_double: HubDouble, service: HFService, tmp_path: Any, where: str, body: bytes
) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name(), sdk="static"))
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "model.bin").write_bytes(b"1")
    files = {name: tmp_path / name for name in ("index.html", "model.bin")}
    hub_double.hub.plan(where, garble=True, body=body)
    assert (await service.deploy(made.id, files, message="First")).changed
    assert hub_double.hub.titles("space", made.id) == ["First", "initial commit"]


async def test_a_large_file_that_the_hub_does_not_take_is_named(
    hub_double: HubDouble, service: HFService, tmp_path: Any
) -> None:
    made = await service.create_space(SpaceSpec(id=hub_double.new_name(), sdk="static"))
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "model.bin").write_bytes(b"1")
    files = {name: tmp_path / name for name in ("index.html", "model.bin")}
    refused = {
        "oid": hashlib.sha256(b"1").hexdigest(),
        "size": 1,
        "error": {"code": 422, "message": "too large"},
    }
    hub_double.hub.plan("objects/batch", garble=True, body=json.dumps({"objects": [refused]}).encode())
    with pytest.raises(ServiceInvalid, match=r"does not take model\.bin: too large"):
        await service.deploy(made.id, files, message="First")


async def test_a_write_that_may_have_been_done_is_not_repeated_blindly(
    hub_double: HubDouble, service: HFService
) -> None:
    """A second look finds nothing, and the second attempt fails like the first one: then it is told."""
    hub_double.hub.plan("POST /api/repos/create", drop="before", times=100)
    with pytest.raises(ServiceUnreachable) as lost:
        await service.create_space(SpaceSpec(id=hub_double.new_name()))
    assert lost.value.maybe_done
    assert hub_double.hub.faults.count("POST /api/repos/create") == 2


async def test_the_hubs_words_are_harmless_and_short(hub_double: HubDouble, service: HFService) -> None:
    body = '{"error": "\\u001b[31mred\\u202e\\nsecond ' + "x" * 5000 + '"}'
    hub_double.hub.plan("/api/whoami-v2", status=400, body=body.encode())
    with pytest.raises(ServiceInvalid) as refused:
        await service.whoami()
    assert "\x1b" not in refused.value.message
    assert "\u202e" not in refused.value.message
    assert len(refused.value.message) < 500


async def test_an_endless_chain_of_redirects_ends(hub_double: HubDouble, service: HFService) -> None:
    hub_double.hub.plan("/api/whoami-v2", status=307, headers={"Location": "/api/whoami-v2"}, times=100)
    with pytest.raises(BadResponse):
        await service.whoami()


async def test_the_token_stays_with_the_hub_if_it_sends_us_elsewhere(
    hub_double: HubDouble, service: HFService
) -> None:
    """Another port is another place."""
    seen: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    other = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with other:
        place = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/"
        hub_double.hub.plan("/api/whoami-v2", status=307, headers={"Location": place}, times=2)
        with pytest.raises(BadResponse):
            await service.whoami()
    assert seen
    assert all(b"authorization" not in request.lower() for request in seen)


async def test_the_next_page_is_the_hubs_own(
    hub_double: HubDouble, service: HFService, tmp_path: Any
) -> None:
    """Behind a mirror the hub names its own address, and a liar might name any."""
    made = await service.create_dataset(DatasetSpec(id=hub_double.new_name()))
    hub_double.hub.state.page_size = 1
    link = '<https://elsewhere.invalid/api/x?cursor=MQ%3D%3D&recursive=true>; rel="next"'
    hub_double.hub.plan("/tree/[0-9a-f]+.recursive=true", status=200, body=b"[]", headers={"Link": link})
    (tmp_path / "a.txt").write_text("1")
    assert (await service.upload_dataset(made.id, {"a.txt": tmp_path / "a.txt"}, message="First")).changed
    assert hub_double.hub.faults.count("cursor=MQ") == 1


@pytest.mark.parametrize(
    "actions",
    [
        {"upload": {}},
        {"upload": {"href": "x", "header": {"chunk_size": "many"}}},
        {"upload": {"href": "x", "header": {"chunk_size": 1}}},
    ],
)
async def test_a_place_for_a_large_file_that_is_none(
    hub_double: HubDouble, service: HFService, tmp_path: Any, actions: dict[str, Any]
) -> None:
    made = await service.create_dataset(DatasetSpec(id=hub_double.new_name()))
    (tmp_path / "model.bin").write_bytes(b"12")
    wanted = {"oid": hashlib.sha256(b"12").hexdigest(), "size": 2, "actions": actions}
    hub_double.hub.plan("objects/batch", garble=True, body=json.dumps({"objects": [wanted]}).encode())
    with pytest.raises(BadResponse, match="where to upload"):
        await service.upload_dataset(made.id, {"model.bin": tmp_path / "model.bin"}, message="First")


async def test_a_name_that_is_taken_by_what_we_may_not_see(hub_double: HubDouble, service: HFService) -> None:
    hub_double.hub.plan("POST /api/repos/create", **said(409, "You already created this space repo"))
    with pytest.raises(ServiceConflict, match="already created"):
        await service.create_space(SpaceSpec(id=hub_double.new_name()))


async def test_a_repository_that_appears_at_the_second_look(
    hub_double: HubDouble, service: HFService
) -> None:
    """The first answer is lost, and the hub shows what it made only a moment later."""
    name = hub_double.new_name()
    hub_double.hub.plan("POST /api/repos/create", drop="after")
    hub_double.hub.plan(f"GET /api/spaces/alice/{name}", **said(404, "Repository not found", "RepoNotFound"))
    made = await service.create_space(SpaceSpec(id=name))
    assert made.id == f"alice/{name}"
    assert hub_double.hub.titles("space", made.id) == ["initial commit"]


async def test_the_words_of_an_answer_without_headers(hub_double: HubDouble, service: HFService) -> None:
    for body, words in (
        (b'{"message": "in the body"}', "in the body"),
        (b'{"errors": [{"message": "one"}, "two"]}', "one; two"),
        (b'["no object"]', "HTTP 400"),
        (b"<html>", "HTTP 400"),
    ):
        hub_double.hub.plan("/api/whoami-v2", status=400, body=body)
        with pytest.raises(ServiceInvalid, match=words):
            await service.whoami()


async def test_a_wait_that_cannot_be_read_is_ours_to_choose(
    hub_double: HubDouble, service: HFService
) -> None:
    hub_double.hub.plan("/api/whoami-v2", status=429, headers={"Retry-After": "soon"}, times=2)
    assert (await service.whoami()).name == "alice"
