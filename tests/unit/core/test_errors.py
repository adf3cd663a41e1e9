"""Names for a hint, of which a stranger may have given many."""

from __future__ import annotations

import pytest

from tests.timing import cpu_below
from vibe_jupyter.core.errors import nearest
from vibe_jupyter.core.mcp.errors import BadArguments
from vibe_jupyter.core.mcp.schemas import ToolInfo
from vibe_jupyter.core.mcp.tools.arguments import check_arguments


def test_the_nearest_names_come_best_first() -> None:
    known = ["list_files", "read_file", "read_files", "write"]
    assert nearest("Read_Fil", known) == ["read_file", "read_files"]
    assert nearest("read_fil", known, 1) == ["read_file"]
    assert nearest("zzz", known) == []
    assert nearest("anything", []) == []


def test_one_of_many_names_is_found() -> None:
    known = [f"tool_{number:05d}" for number in range(5000)]
    assert "tool_00042" in nearest("tol_00042", [*known, "x" * 10_000])


def test_a_long_name_is_found_by_its_beginning() -> None:
    known = [f"{letter * 30}{'x' * 200}" for letter in "abc"]
    assert nearest("b" * 30 + "x" * 150, known)[0] == known[1]


@pytest.mark.parametrize("word", ["ba" * 98, "ab" * 95, "b" * 30, "ba" * 32])
def test_many_long_names_take_no_long_time(word: str) -> None:
    known = ["ab" * 95 + f"{number:05d}" for number in range(5000)]
    known += [f"{number:05d}" + "ab" * 25 for number in range(5000)]
    with cpu_below(1):
        nearest(word, known)


def test_many_wrong_arguments_take_no_long_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for share in ("_SCHEMA_SHARE_S", "_VALUE_SHARE_S"):  # only the hint is timed here
        monkeypatch.setattr(f"vibe_jupyter.core.json_schema.checker.{share}", 60.0)
    properties = {f"{number:05d}" + "ab" * 25: {} for number in range(1000)}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    tool = ToolInfo(name="t", input_schema=schema, capability="mcp.s.t", fingerprint="many", allowed=True)
    check_arguments("s", tool, {})  # so that nothing need be imported
    wrong = {f"zz{number}" + "qp" * 25: 1 for number in range(2000)}
    with cpu_below(1), pytest.raises(BadArguments):
        check_arguments("s", tool, wrong)
