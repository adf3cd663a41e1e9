from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys

import pytest

from vibe_jupyter.core.tasks import process_identity
from vibe_jupyter.core.tasks.process_identity import ProcessIdentity

PRINT_ONESELF = """
import dataclasses, json, sys
from vibe_jupyter.core.tasks.process_identity import ProcessIdentity
print(json.dumps(dataclasses.astuple(ProcessIdentity.current())), flush=True)
sys.stdin.read()
"""


def kill(process: subprocess.Popen[str]) -> None:
    """Kill it and wait until it has ended, without taking its exit status: it stays a zombie."""
    process.kill()
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


def start() -> tuple[subprocess.Popen[str], ProcessIdentity]:
    process = subprocess.Popen(
        [sys.executable, "-c", PRINT_ONESELF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, ProcessIdentity(*json.loads(process.stdout.readline()))


def test_this_process_lives() -> None:
    assert ProcessIdentity.current().is_gone() is False


def test_a_killed_process_is_gone_even_before_its_parent_has_looked() -> None:
    process, identity = start()
    with process:
        assert identity.is_gone() is False
        kill(process)
        assert identity.is_gone() is True
    assert identity.is_gone() is True


def test_a_pid_that_was_used_again_is_noticed() -> None:
    old = dataclasses.replace(ProcessIdentity.current(), started="12")
    assert old.is_gone() is True


def test_a_machine_that_was_started_anew_has_none_of_its_old_processes() -> None:
    me = ProcessIdentity.current()
    assert dataclasses.replace(me, boot_id="0 pid:[1]").is_gone() is True


@pytest.mark.parametrize(
    "elsewhere", [{"host": "other", "boot_id": "0 pid:[1]"}, {"boot_id": "", "host": "other"}]
)
def test_another_machine_cannot_be_seen_from_here(elsewhere: dict[str, str]) -> None:
    assert dataclasses.replace(ProcessIdentity.current(), **elsewhere).is_gone() is None


@pytest.mark.skipif(sys.platform != "linux", reason="pid namespaces are Linux's")
def test_another_container_on_the_same_machine_cannot_be_seen_from_here() -> None:
    me = ProcessIdentity.current()
    boot, _, _ = me.boot_id.partition(" ")
    assert dataclasses.replace(me, boot_id=f"{boot} pid:[1]").is_gone() is None


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ps on Windows")
def test_ps_tells_the_same_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(process_identity, "_boot_id", lambda: "")
    process, _ = start()
    with process:
        started = process_identity._started(process.pid)
        assert started
        identity = ProcessIdentity(process_identity._host(), "", process.pid, started)
        assert identity.is_gone() is False
        kill(process)
        assert identity.is_gone() is True
    assert identity.is_gone() is True
