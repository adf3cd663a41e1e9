"""Tables from a notebook's memory: whatever a column holds, it is profiled."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from vibe_jupyter.client.frames import save
from vibe_jupyter.core.errors import InvalidInput, Unavailable
from vibe_jupyter.core.oracles.data_profile import DataProfileInput
from vibe_jupyter.core.oracles.data_profile.profile import profile_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Profile = Callable[..., dict[str, Any]]


def client(data_dir: Path, *, is_local: bool = True) -> Any:
    status = SimpleNamespace(data_dir=str(data_dir))
    return SimpleNamespace(
        transport=SimpleNamespace(is_local=is_local), platform=SimpleNamespace(status=lambda: status)
    )


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    def run(table: Any, name: str | None = None) -> dict[str, Any]:
        path = save(table, client(tmp_path), name)
        return profile_file(str(path), DataProfileInput(path="x").model_dump(exclude={"path"}))

    return run


def objects(*values: Any) -> pd.Series[Any]:
    return pd.Series(list(values), dtype=object)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (objects(1, "x", None), "integer, text"),
        (objects("x", 1.5, pd.NA, float("nan")), "number, text"),
        (objects(2.5, True), "number, true/false"),
        (objects("a", b"b"), "bytes, text"),
        (objects(dt.date(2020, 1, 1), dt.datetime(2020, 1, 1, 3)), "date, datetime"),
        (objects([1], {"a": 1}, np.int64(3)), "integer, list, object"),
        (pd.Series(pd.Categorical([1, "x", None])), "integer, text"),
    ],
)
def test_a_column_of_mixed_types_is_profiled_as_text(profile: Profile, values: Any, kinds: str) -> None:
    found = profile(pd.DataFrame({"a": values, "b": range(len(values))}))
    assert f"a: mixed types ({kinds}), read as text" in found["warnings"]
    mixed, other = found["columns"]
    assert (mixed["nulls"], other["type"]) == (int(values.isna().sum()), "int64")
    assert [top["value"] for top in mixed["top"]] == [
        str(value) for value in values if pd.notna([value]).all()
    ]


def test_numbers_of_two_kinds_stay_numbers(profile: Profile) -> None:
    found = profile(pd.DataFrame({"a": objects(1, 2.5, None)}))
    assert (found["columns"][0]["type"], found["columns"][0]["max"], found["warnings"]) == ("double", 2.5, [])


@pytest.mark.parametrize(
    ("values", "shown", "first"),
    [
        (pd.Series([1 + 2j, None, 3j]), "complex128", "(1+2j)"),
        (objects(2**70, 1), "integer", str(2**70)),
        (pd.Series(pd.period_range("2020-01", periods=2, freq="M")), "period[M]", "2020-01"),
        (objects({}, {}), "object", "{}"),
        (objects(np.dtype(int), np.dtype(int)), "Int64DType", "int64"),
    ],
)
def test_what_parquet_cannot_hold_is_text_with_its_own_type(
    profile: Profile, values: Any, shown: str, first: str
) -> None:
    found = profile(pd.DataFrame({"a": values}))
    column = found["columns"][0]
    assert (column["type"], column["sample"][0]) == (shown, first)
    assert f"a: {shown} values, read as text" in found["warnings"]


def test_a_sparse_column_is_a_column_of_its_numbers(profile: Profile) -> None:
    found = profile(pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}))
    assert (found["columns"][0]["type"], found["columns"][0]["max"], found["rows"]) == ("int64", 1, 3)


def test_names_may_repeat_and_be_of_any_kind(profile: Profile) -> None:
    found = profile(pd.DataFrame([[1, 2, 3, 4]], columns=["a", "a", ("b", 1), 5]))
    assert [column["name"] for column in found["columns"]] == ["a", "a_2", "('b', 1)", "5"]
    assert "duplicated column names, numbered here: 'a'" in found["warnings"]


def test_an_index_with_more_than_row_numbers_is_a_column(profile: Profile) -> None:
    found = profile(pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", 3], name="key")))
    assert [column["name"] for column in found["columns"]] == ["a", "key"]
    found = profile(pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)])))
    assert [column["name"] for column in found["columns"]] == ["a", "__index_level_0__", "__index_level_1__"]


def test_text_that_is_no_unicode_is_shown_with_escapes(profile: Profile) -> None:
    table = objects("b\ud800", "c").to_frame()
    table.columns = pd.Index(["a\udc80"], dtype=object)
    found = profile(table)
    assert found["columns"][0]["sample"] == ["b\\ud800", "c"]
    assert "a\\udc80: not all of it is valid Unicode; shown with escapes" in found["warnings"]


class Broken:
    def __str__(self) -> str:
        raise ZeroDivisionError


def test_values_that_cannot_even_be_shown_are_named_by_their_type(profile: Profile) -> None:
    assert profile(pd.DataFrame({"a": objects(Broken())}))["columns"][0]["sample"] == ["<Broken>"]


def test_an_arrow_table_is_taken_with_any_type(profile: Profile) -> None:
    interval = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    found = profile(pa.table({"a": [1], "b": interval}), "t")
    assert (found["name"], [column["name"] for column in found["columns"]]) == ("t", ["a", "b"])


@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": [None]})])
def test_an_empty_table_is_no_error(profile: Profile, table: pd.DataFrame) -> None:
    assert profile(table)["rows"] == len(table)


def test_a_table_goes_by_the_name_of_its_variable(profile: Profile, tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1]})
    assert (profile(table, "sales")["name"], profile(table)["name"]) == ("sales", "DataFrame")
    assert save(table, client(tmp_path), "sales").name.startswith("sales-")


def test_times_are_short_where_they_say_no_more(profile: Profile) -> None:
    days = pd.to_datetime(["2020-01-01", "2020-01-02 12:30", "2020-01-03 00:00:00.25"], format="ISO8601")
    found = profile(pd.DataFrame({"plain": days, "zoned": days.tz_localize("UTC")}))
    assert [column["sample"] for column in found["columns"]] == [
        ["2020-01-01", "2020-01-02 12:30:00", "2020-01-03 00:00:00.25"],
        ["2020-01-01 00:00:00Z", "2020-01-02 12:30:00Z", "2020-01-03 00:00:00.25Z"],
    ]


def test_what_fails_leaves_no_file_and_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("boom")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", fail)
        with pytest.raises(InvalidInput, match="boom") as refused:
            save(pa.table({"a": [1]}), client(tmp_path))
        assert (refused.value.code, list((tmp_path / "frames").iterdir())) == ("frame.unwritable", [])
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable) as caught:
        save(pa.table({"a": [1]}), client(tmp_path / "file"))
    assert caught.value.code == "frame.not_stored"
    with pytest.raises(Unavailable) as caught:
        save(pa.table({"a": [1]}), client(tmp_path, is_local=False))
    assert caught.value.code == "frame.remote"
