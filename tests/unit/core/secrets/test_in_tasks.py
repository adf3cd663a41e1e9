"""A task gets the secrets of its user and project, and what it tells of them is masked before it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from tests.integration.leaking_oracle import Leaking
from vibe_jupyter.core.database.models import Project, table_of
from vibe_jupyter.core.database.statements import Statement
from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.routing.registry import Registry
from vibe_jupyter.core.routing.targets import oracle_target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.factories import PlatformFactory
    from vibe_jupyter.client.api import VibeClient

_INSERT = Statement(sa.insert(table_of(Project)))


@pytest.fixture
def client(make_platform: PlatformFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> VibeClient:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    row = {
        "id": "p", "user_id": "local", "name": "p", "root": str(tmp_path), "created_at": "2026", "description": "",
    }  # fmt: skip
    made = make_platform.client(registry=Registry([oracle_target(Leaking())]))
    made.transport._platform.database.write_from_thread(lambda c: c.run(_INSERT, **row))
    return made


def length_in(client: VibeClient, project_id: str | None) -> int:
    task = client.tasks.create(type="leaking_run", input={"name": "MY_TOKEN"}, project_id=project_id).wait()
    assert all("***" in said for said in task.result["said"])
    return int(task.result["length"])


def test_that_of_its_project_goes_before_that_of_its_user(client: VibeClient) -> None:
    client.secrets.set("MY_TOKEN", value=SecretStr("of-the-user"))
    client.secrets.set("MY_TOKEN", value=SecretStr("of-the-project!"), project_id="p")
    assert length_in(client, None) == len("of-the-user")
    assert length_in(client, "p") == len("of-the-project!")
    client.secrets.remove("MY_TOKEN", project_id="p")
    assert length_in(client, "p") == len("of-the-user")


def test_without_one_the_task_fails_with_the_command_that_asks_for_it(client: VibeClient) -> None:
    with pytest.raises(VibeError, match="%vibe secrets set MY_TOKEN asks for it") as caught:
        client.tasks.create(type="leaking_run", input={"name": "MY_TOKEN"}).wait()
    assert caught.value.code == "secrets.missing"
