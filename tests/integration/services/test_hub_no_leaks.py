"""Canaries: neither the token nor the secrets of a Space come out anywhere, whatever goes wrong."""

from __future__ import annotations

import io
import json
import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.fixtures_hub import ALICE
from vibe_jupyter.core.services.failures import ExternalError
from vibe_jupyter.core.services.huggingface.schemas import SpaceSpec
from vibe_jupyter.core.services.huggingface.translation import without

if TYPE_CHECKING:
    from tests.services.fixtures_hub import HubDouble

pytestmark = pytest.mark.asyncio

SECRET = "canary-value-of-a-secret"


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400, "body": f'{{"error": "what about {SECRET} of {ALICE}?"}}'.encode()},
        {"status": 403, "headers": {"X-Error-Message": f"not {SECRET}, not {ALICE}"}},
        {"status": 400, "body": f'{{"error": "{"x" * 290} {SECRET} {ALICE}"}}'.encode()},  # where it is cut
        {"status": 500, "body": f"{SECRET} {ALICE}".encode(), "times": 100},
        {"drop": "before", "times": 100},
        {"garble": True, "body": f"<{SECRET} {ALICE}".encode(), "times": 100},
    ],
)
async def test_an_error_holds_neither(hub_double: HubDouble, fault: dict[str, object]) -> None:
    async with hub_double.service() as hub:
        made = await hub.create_space(SpaceSpec(id=hub_double.new_name()))
        hub_double.hub.plan("POST .*/secrets", **fault)
        with pytest.raises(ExternalError) as refused:
            await hub.set_secrets(made.id, {"KEY": SECRET})
    error = refused.value
    shown = (
        str(error) + json.dumps(error.problem()) + repr(error) + "".join(traceback.format_exception(error))
    )
    assert SECRET[:8] not in shown
    assert ALICE[:8] not in shown
    assert SECRET not in repr(error.__context__)


async def test_logs_and_reprs_hold_neither(
    hub_double: HubDouble, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("hello")
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        async with hub_double.service() as hub:
            shown = repr(hub) + repr(vars(hub)) + repr(vars(hub._calls))
            made = await hub.create_space(SpaceSpec(id=hub_double.new_name(), sdk="static"))
            hub_double.hub.plan("/secrets", status=503, times=2)
            shown += repr(await hub.set_secrets(made.id, {"KEY": SECRET}))
            hub_double.hub.plan("/commit/main", drop="after")
            shown += repr(await hub.deploy(made.id, {"index.html": tmp_path / "index.html"}, message="x"))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    output = capfd.readouterr()
    for place in (shown, written.getvalue(), caplog.text, output.out, output.err):
        assert SECRET not in place
        assert ALICE not in place
    assert (
        f"/api/spaces/{made.id}/secrets" in written.getvalue()
    )  # requests are logged, so there was a chance


async def test_the_commits_and_the_journal_hold_neither(hub_double: HubDouble, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("hello")
    async with hub_double.service() as hub:
        made = await hub.create_space(SpaceSpec(id=hub_double.new_name(), sdk="static"))
        await hub.set_secrets(made.id, {"KEY": SECRET})
        await hub.deploy(made.id, {"index.html": tmp_path / "index.html"}, message="x")
    folder = hub_double.hub.repository("space", made.id).git.path
    for file in folder.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes()
            assert ALICE.encode() not in file.read_bytes()
    assert ALICE not in repr(hub_double.hub.faults.journal)
    assert all("vibe-jupyter/" in entry.agent for entry in hub_double.hub.faults.journal)
    assert not any(
        "torch" in entry.agent or "agent/" in entry.agent for entry in hub_double.hub.faults.journal
    )


async def test_a_token_of_any_account_is_taken_out() -> None:
    assert without(f"hf_{'a' * 30} and canary", ["canary"]) == "*** and ***"
    assert without("a%2Fb and a/b", ["a/b"]) == "a%2Fb and a/b"  # shorter than anything that is secret
    assert without("x%20yz", ["x yz"]) == "***"
