"""The first check against a JSON Schema loads a library, which takes a second: no event loop waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mcp_servers.processes import FAULTY

SCRIPT = """
import asyncio, sys
from pathlib import Path

from vibe_jupyter.client.api import VibeClient
from vibe_jupyter.client.in_process import InProcessTransport
from vibe_jupyter.core.accounts.principal import OWNER
from vibe_jupyter.core.platform import Platform
from vibe_jupyter.core.questions.schemas import Answer, QuestionsQuery
from vibe_jupyter.core.questions.service import Draft
from vibe_jupyter.core.settings import Settings


class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "jsonschema":
            print("on a loop" if asyncio._get_running_loop() else "beside all loops")


async def ask_and_answer():
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    draft = Draft("elicitation", "Who?", schema)
    asking = asyncio.create_task(platform.questions.ask(OWNER.user_id, draft, timeout_s=30))
    (question,) = await platform.questions.list(OWNER, QuestionsQuery(wait_s=20))
    await platform.questions.answer(OWNER, question.id, Answer(content={"name": "Ada"}))
    await asking


folder, *command = sys.argv[1:]
platform = Platform(Settings(data_dir=Path(folder) / "data"), Path(folder), "in-process")
platform.start()
client = VibeClient(InProcessTransport(platform))
client.mcps.add(name="faulty", command=command[0], args=command[1:])
sys.meta_path.insert(0, Watch())
assert "jsonschema" not in sys.modules
DO
platform.stop()
"""


@pytest.mark.parametrize(
    "do",
    [
        "client.mcps.execute('faulty', tool='ok')",
        "client.tasks.create(type='mcp.faulty.ok').wait()",
        "client.mcps.capabilities('faulty'); client.tasks.create(type='mcp.faulty.ok').wait()",
        "platform.call(ask_and_answer())",
    ],
)
def test_a_library_is_loaded_beside_the_event_loops(tmp_path: Path, do: str) -> None:
    command = [sys.executable, "-c", SCRIPT.replace("DO", do), str(tmp_path), *FAULTY]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split("\n") == ["beside all loops", ""]
