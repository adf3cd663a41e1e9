"""What the terminal prints, and where it is no terminal."""

from __future__ import annotations

import sys

import pytest

from vibe_jupyter.cli.main import _text, main
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


@pytest.mark.parametrize("words", [["db"], ["db", "--help"], ["help", "db"]])
def test_the_verbs_of_the_database_are_listed(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 0
    said = capsys.readouterr().out
    assert [line.split()[2:4] for line in said.splitlines()[:4]] == [
        ["db", "check"], ["db", "downgrade"], ["db", "revision"], ["db", "upgrade"],
    ]  # fmt: skip
    assert "task list" not in said


def test_an_unknown_verb_of_the_database_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "upgrad"]) == 2
    said = capsys.readouterr().err
    assert "there is no verb 'db upgrad'" in said
    assert "jupyter vibe db upgrade" in said


@pytest.mark.parametrize(
    "words", [["upgrade", "nope"], ["downgrade", "9999"], ["upgrade", "+7"], ["downgrade", "-7"]]
)
def test_an_unknown_revision_is_one_line_with_the_known_ones(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    main(["db", "upgrade"])
    capsys.readouterr()
    assert main(["db", *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"there is no revision {words[1]!r}" in line
    assert "base, 0001, 0002, 0003, 0004 and head" in line
