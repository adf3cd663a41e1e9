from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from vibe_jupyter.core import logs
from vibe_jupyter.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    logs.configure(Settings())


def test_lines_go_to_stderr_from_the_level_in_force_on(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="INFO"))
    log = logs.get_logger("tasks")
    log.debug("not this")
    log.info("this", task_id="t1")
    out, err = capsys.readouterr()
    assert (out, "not this" in err) == ("", False)
    assert "this" in err
    assert "task_id=t1" in err


def test_json_lines_carry_what_the_context_has_bound(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="INFO", log_format="json"))
    with structlog.contextvars.bound_contextvars(task_id="t1", user_id="local"):
        logs.get_logger("tasks").info("it runs", attempt=2)
    line = json.loads(capsys.readouterr().err)
    assert {key: line[key] for key in ("event", "level", "logger", "task_id", "user_id", "attempt")} == {
        "event": "it runs", "level": "info", "logger": "vibe.tasks",
        "task_id": "t1", "user_id": "local", "attempt": 2,
    }  # fmt: skip


def test_secrets_are_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="INFO", log_format="json"))
    logs.get_logger("x").info(
        "connecting", server_token="s3cret", url="postgresql://ada:s3cret@db/vibe", page="/x?token=s3cret&a=1"
    )
    text = capsys.readouterr().err
    assert "s3cret" not in text
    assert "db/vibe" in text


def test_the_users_own_logging_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = (logging.getLogger().handlers[:], structlog.get_config()["processors"])
    logs.configure(Settings(log_level="DEBUG"))
    assert (logging.getLogger().handlers[:], structlog.get_config()["processors"]) == before
