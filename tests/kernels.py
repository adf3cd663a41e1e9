"""A real kernel as a notebook has it, with a person at the other end who types what is asked for."""

from __future__ import annotations

import json
import os
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import nbformat
from jupyter_client.manager import KernelManager

__all__ = ["Kernel", "Ran"]

_LIMIT_S = 60.0


@dataclass
class Ran:
    """What came of a cell."""

    outputs: list[Any] = field(default_factory=list)
    prompts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All that was shown, as text."""
        said = []
        for output in self.outputs:
            if output["output_type"] == "stream":
                said.append(output["text"])
            elif "data" in output:
                said.append(output["data"].get("text/plain", ""))
        return "\n".join(said)

    @property
    def html(self) -> str:
        """All that was shown as HTML."""
        return "\n".join(output["data"].get("text/html", "") for output in self.outputs if "data" in output)

    @property
    def error(self) -> str:
        """What failed the cell; empty if nothing did."""
        return "".join(
            "\n".join(output["traceback"]) for output in self.outputs if output["output_type"] == "error"
        )


class Kernel:
    """A kernel process; a context manager.

    Args:
        cwd: its working folder.
        env: further environment variables.
    """

    def __init__(self, cwd: Path, **env: str) -> None:
        self.cwd = cwd
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(cwd=str(cwd), env={**os.environ, **env})
        self.client = self._manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=_LIMIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()

    def interrupt(self) -> None:
        """Press the stop button."""
        self._manager.interrupt_kernel()

    def run(
        self,
        cell: str,
        *answers: str | Callable[[], Any],
        allow_stdin: bool = True,
        on_output: Callable[[Any], Any] | None = None,
    ) -> Ran:
        """Run a cell.

        Args:
            answers: what is typed at each prompt; a function is called instead, and nothing is typed.
            allow_stdin: whether there is somebody to be asked.
            on_output: told each output when it comes.
        """
        ran = Ran()
        to_type = list(answers)

        def see(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                ran.outputs.append(nbformat.v4.output_from_msg(message))
                if on_output is not None:
                    on_output(ran.outputs[-1])
            elif message["msg_type"] == "update_display_data" and on_output is not None:
                on_output({"output_type": "update", **message["content"]})

        def typed(message: dict[str, Any]) -> None:
            ran.prompts.append(message["content"]["prompt"])
            answer = to_type.pop(0)
            if callable(answer):
                answer()
            else:
                self.client.input(answer)

        self.client.execute_interactive(
            cell, allow_stdin=allow_stdin, stdin_hook=typed, output_hook=see, timeout=_LIMIT_S
        )
        return ran

    def value(self, expression: str) -> Any:
        """Return what an expression is worth, by way of JSON."""
        ran = self.run(f"import json as _j; print(_j.dumps({expression}))", allow_stdin=False)
        assert not ran.error, ran.error
        return json.loads(ran.text)

    def complete(self, line: str) -> list[str]:
        """Return what Tab offers at the end of a line."""
        sent = self.client.complete(line, len(line))
        deadline = time.monotonic() + _LIMIT_S
        while time.monotonic() < deadline:
            try:
                reply = self.client.get_shell_msg(timeout=5)
            except queue.Empty:
                continue
            if reply["parent_header"].get("msg_id") == sent:
                content = reply["content"]
                return [line[: content["cursor_start"]] + match for match in content["matches"]]
        raise AssertionError("no reply")
