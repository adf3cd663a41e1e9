"""What the terminal prints, and where it is no terminal."""

from __future__ import annotations

import sys

import pytest

from vibe_jupyter.cli.main import _text
from vibe_jupyter.core.doctor.check import Check

LONG = Check(name="python", status="ok", message="a " * 150 + "b")


def test_nothing_is_cut_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    assert LONG.message in _text([LONG])


def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(
        "vibe_jupyter.widgets.rendering.text._Writer._painted", lambda _, runs: "".join(r[0] for r in runs)
    )
    assert max(map(len, _text([LONG]).splitlines())) <= 80
