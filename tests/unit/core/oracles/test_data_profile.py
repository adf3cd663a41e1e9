from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import gzip
import json
import math
import multiprocessing
import random
import statistics
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vibe_jupyter.core.errors import Forbidden, InvalidInput, NotFound
from vibe_jupyter.core.oracles.data_profile import DataProfile, DataProfileInput, DataProfileOutput
from vibe_jupyter.core.oracles.data_profile.columns import Moments
from vibe_jupyter.core.oracles.data_profile.profile import profile_file
from vibe_jupyter.core.oracles.data_profile.value_counts import ValueCounts
from vibe_jupyter.core.oracles.path_text import candidate_paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Profile = Callable[..., dict[str, Any]]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """Write `content` under `name` (or take what is there) and profile it; the answer must be strict JSON."""

    def run(
        name: str, content: str | bytes | None = None, report: Any = None, **options: Any
    ) -> dict[str, Any]:
        if content is not None:
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        fields = DataProfileInput(path=name, **options).model_dump(exclude={"path"})
        result = profile_file(str(tmp_path / name), fields, report)
        json.dumps(result, allow_nan=False)
        return result

    return run


def column(result: dict[str, Any], name: str) -> dict[str, Any]:
    return next(column for column in result["columns"] if column["name"] == name)


def failure(profile: Profile, *args: Any, **options: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        profile(*args, **options)
    assert caught.value.hint
    return caught.value


class TestCsv:
    def test_columns_have_types_gaps_ranges_and_frequent_values(self, profile: Profile) -> None:
        result = profile(
            "sales.csv", "city,amount,day\nRome,1.5,2024-01-02\nParis,,2024-01-01\nRome,4.5,2024-01-03\n"
        )
        assert (result["format"], result["rows"], result["rows_profiled"]) == ("csv", 3, 3)
        assert column(result, "city")["top"] == [
            {"value": "Rome", "count": 2},
            {"value": "Paris", "count": 1},
        ]
        amount = column(result, "amount")
        assert (amount["type"], amount["nulls"], amount["null_fraction"]) == (
            "double",
            1,
            pytest.approx(1 / 3, 1e-5),
        )
        assert (amount["min"], amount["max"], amount["mean"]) == (1.5, 4.5, 3.0)
        assert amount["std"] == pytest.approx(statistics.stdev([1.5, 4.5]))
        assert (column(result, "day")["min"], column(result, "day")["max"]) == ("2024-01-01", "2024-01-03")
        assert result["sample"][1] == {"city": "Paris", "amount": None, "day": "2024-01-01"}

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("a.csv", "a;b\n1;2\n"),
            ("a.tsv", "a\tb\n1\t2\n"),
            ("a.csv", "a|b\n1|2\n"),
            ("b.csv", '"a","b"\n1,2\n'),
        ],
    )
    def test_the_separator_is_found_out(self, profile: Profile, name: str, text: str) -> None:
        assert profile(name, text)["sample"] == [{"a": 1, "b": 2}]

    def test_a_quoted_line_break_is_part_of_its_value(self, profile: Profile) -> None:
        assert profile("a.csv", 'a,b\n"x\ny",1\n')["sample"] == [{"a": "x\ny", "b": 1}]

    def test_a_row_larger_than_a_block_is_read(self, profile: Profile) -> None:
        assert profile("long.csv", "a,b\n" + "x" * 5_000_000 + ",1\ny,2\n")["rows"] == 2

    def test_a_quote_that_is_never_closed_is_suspected(self, profile: Profile) -> None:
        result = profile("open.csv", 'a,b\n1,"x\n' + "2,y\n" * 100_000)
        assert "some rows are huge: is there a quote that is never closed?" in result["warnings"]

    def test_a_number_column_with_a_late_text_is_read_as_text_and_says_so(self, profile: Profile) -> None:
        result = profile("late.csv", "a,b\n" + "12,7\n" * 1_000_000 + "n/a!,7\n")
        assert (column(result, "a")["type"], column(result, "b")["type"]) == ("string", "int64")
        assert result["rows"] == 1_000_001
        assert "a: mixed types, read as text because of 'n/a!'" in result["warnings"]
        assert any(warning.startswith("a: numbers stored as text (99.9 %") for warning in result["warnings"])

    def test_types_widen_without_becoming_text_where_the_values_allow(self, profile: Profile) -> None:
        early = "1,,2024-01-01\n" * 600_000
        result = profile("late.csv", f"integer,empty,day\n{early}1.5,7,2024-01-01T10:00:00\n")
        types = [column["type"] for column in result["columns"]]
        assert types == ["double", "int64", "timestamp[s]"]
        assert column(result, "empty")["nulls"] == 600_000
        assert not [warning for warning in result["warnings"] if "mixed" in warning]

    def test_codes_with_leading_zeros_stay_text(self, profile: Profile) -> None:
        result = profile("zip.csv", "zip,n\n00501,1\n10001,0\n")
        assert column(result, "zip")["min"] == "00501"
        assert column(result, "n")["type"] == "int64"

    def test_some_ragged_rows_are_skipped_and_counted(self, profile: Profile) -> None:
        result = profile("ragged.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n9,10\n")
        assert result["rows"] == 3
        assert (
            "skipped 2 of 5 rows, which have too many or too few values; the first is '3'"
            in result["warnings"]
        )

    def test_mostly_ragged_rows_are_an_error_about_the_delimiter(self, profile: Profile) -> None:
        error = failure(profile, "ragged.csv", "a,b\n1,2\n" + "1;2;3\n" * 5)
        assert (error.code, "delimiter" in error.hint) == ("data.unreadable", True)

    @pytest.mark.parametrize(
        "content", [b"a,b\n\xff\xfe,1\n", b"a,b\n" + b"ok,1\n" * 1_000_000 + b"\xe9,1\n"]
    )
    def test_bad_utf8_names_the_encoding_to_pass(self, profile: Profile, content: bytes) -> None:
        error = failure(profile, "bad.csv", content)
        assert (error.code, "latin-1" in error.hint) == ("data.unreadable", True)

    def test_another_encoding_is_read_when_named(self, profile: Profile) -> None:
        assert profile("l.csv", "a\né\n".encode("latin-1"), encoding="latin-1")["sample"] == [{"a": "é"}]
        assert profile("u.csv", "a\né\n".encode("utf-16"), encoding="utf-16")["sample"] == [{"a": "é"}]
        assert "utf-16" in failure(profile, "u.csv").hint

    def test_a_byte_order_mark_is_not_part_of_the_first_name(self, profile: Profile) -> None:
        assert profile("bom.csv", "\ufeffa\n1\n")["columns"][0]["name"] == "a"

    def test_repeated_and_empty_names_become_unique(self, profile: Profile) -> None:
        result = profile("dup.csv", "a,a,,a_2\n1,2,3,4\n")
        assert result["sample"] == [{"a": 1, "a_3": 2, "column_3": 3, "a_2": 4}]
        assert "duplicated column names, numbered here: 'a'" in result["warnings"]

    def test_max_rows_stops_early_and_the_rest_is_unknown(self, profile: Profile) -> None:
        result = profile("a.csv", "a\n" + "1\n" * 100, max_rows=10)
        assert (result["rows"], result["rows_profiled"]) == (None, 10)
        assert profile("a.csv", max_rows=100)["rows"] == 100

    def test_progress_follows_the_bytes_and_never_goes_beyond_the_end(self, profile: Profile) -> None:
        seen: list[tuple[float, str, int]] = []
        profile(
            "a.csv", "a,b\n" + "1234567,abcdefg\n" * 900_000, lambda f, m, **d: seen.append((f, m, d["rows"]))
        )
        assert len(seen) > 2
        assert all(0 <= fraction <= 1 for fraction, _, _ in seen)
        assert seen[-1][0] == 1
        assert seen[-1][1] == "reading a.csv (14.4 MB of 14.4 MB)"
        assert [rows for *_, rows in seen] == sorted(rows for *_, rows in seen)


class TestWarnings:
    def test_a_careful_reader_is_told_what_is_odd(self, profile: Profile) -> None:
        rows = [f"u{i},same,,{i * 0.5},{'' if i else 1}" for i in range(50)]
        warnings = profile("odd.csv", "key,fixed,nothing,half,rare\n" + "\n".join(rows) + "\n")["warnings"]
        assert warnings == [
            "key: likely an id, every value is different",
            "fixed: constant, always 'same'",
            "nothing: has no values at all",
            "rare: 98 % of the values are missing",
        ]

    def test_numbers_stored_as_text_are_found_in_typed_files(self, profile: Profile, tmp_path: Path) -> None:
        pq.write_table(
            pa.table({"n": ["1", "2.5", "1e3", "1"], "code": ["007", "008", "x", "y"]}),
            tmp_path / "t.parquet",
        )
        assert profile("t.parquet")["warnings"] == ["n: numbers stored as text (100 % of the values)"]

    def test_a_first_line_of_numbers_is_pointed_out(self, profile: Profile) -> None:
        assert "the first line looks like data" in profile("a.csv", "1,2\n3,4\n")["warnings"][0]


class TestTypedFiles:
    def write(self, folder: Path) -> None:
        table = pa.table(
            {
                "f": pa.array([1.0, math.nan, math.inf, None]),
                "raw": [b"abc", b"", None, b"abc"],
                "list": [[1], [2], None, []],
                "struct": [{"x": dt.date(2024, 1, 1)}, None, None, None],
                "when": pa.array([1, 2, None, 2], pa.timestamp("ns", tz="UTC")),
                "money": pa.array([decimal.Decimal("1.10"), decimal.Decimal("3.30"), None, None]),
                "kind": pa.array(["x", "y", "x", None]).dictionary_encode(),
                "took": pa.array([1_500, 2, None, 2], pa.duration("ms")),
                "far": pa.array([10**12, 1, None, 1], pa.timestamp("s")),
                "void": pa.nulls(4),
                "big": pa.array([2**64 - 1, 1, 1, None], pa.uint64()),
                "yes": [True, False, True, None],
            }
        )
        pq.write_table(table, folder / "t.parquet")
        pyarrow.feather.write_feather(table, folder / "t.feather")
        with (
            pa.OSFile(str(folder / "t.arrows"), "wb") as sink,
            pa.ipc.new_stream(sink, table.schema) as writer,
        ):
            writer.write_table(table)

    @pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrows"])
    def test_every_type_comes_out_as_json(self, profile: Profile, tmp_path: Path, name: str) -> None:
        self.write(tmp_path)
        result = profile(name)
        ranges = {column["name"]: (column["min"], column["max"]) for column in result["columns"]}
        assert result["rows"] == 4
        assert ranges["f"] == (1.0, "inf")
        assert ranges["raw"] == (None, None)
        assert ranges["when"] == ("1970-01-01 00:00:00.000000001Z", "1970-01-01 00:00:00.000000002Z")
        assert ranges["money"] == (1.1, 3.3)
        assert ranges["kind"] == ("x", "y")
        assert ranges["took"] == ("PT0.002S", "PT1.500S")
        assert ranges["big"] == (1, 2**64 - 1)
        assert ranges["yes"] == (False, True)
        assert column(result, "raw")["top"][0] == {"value": "<3 bytes>", "count": 2}
        assert column(result, "list")["distinct"] is None
        assert column(result, "void")["nulls"] == 4
        assert result["sample"][0]["struct"] == {"x": "2024-01-01"}
        assert result["sample"][1]["f"] is None
        assert "f: 1 NaN, left out of min, max, mean and distinct" in result["warnings"]

    def test_parquet_knows_its_rows_even_if_not_all_are_read(self, profile: Profile, tmp_path: Path) -> None:
        pq.write_table(pa.table({"a": range(1000)}), tmp_path / "t.parquet")
        result = profile("t.parquet", max_rows=10, sample_rows=0)
        assert (result["rows"], result["rows_profiled"], result["sample"]) == (1000, 10, [])

    def test_an_empty_table_keeps_its_columns(self, profile: Profile, tmp_path: Path) -> None:
        pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "t.parquet")
        result = profile("t.parquet")
        assert (result["rows"], result["columns"][0]["type"]) == (0, "int64")
        assert result["warnings"] == ["the file has columns but no rows"]

    def test_many_batches_give_what_one_pass_would(self, profile: Profile, tmp_path: Path) -> None:
        source = random.Random(7)
        values = [source.gauss(1e9, 1) for _ in range(300_000)]
        pq.write_table(pa.table({"x": values}), tmp_path / "t.parquet", row_group_size=10_000)
        x = column(profile("t.parquet"), "x")
        assert x["mean"] == pytest.approx(statistics.fmean(values), rel=1e-14)
        assert x["std"] == pytest.approx(statistics.stdev(values), rel=1e-6)
        assert not x["distinct_is_exact"]
        assert 100_000 < x["distinct"] <= len(set(values))


class TestJsonLines:
    def test_uniform_lines(self, profile: Profile) -> None:
        result = profile("a.jsonl", '{"a": 1, "b": "x"}\n{"a": 2}\n')
        assert result["sample"] == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]

    def test_lines_that_differ_in_fields_and_types(self, profile: Profile) -> None:
        result = profile(
            "a.ndjson", '{"a": 1}\n\n{"a": "x", "o": {"k": 1}}\n{"n": 1, "l": [1]}\n{"n": 2.5}\n'
        )
        assert {column["name"]: column["type"] for column in result["columns"]} == {
            "a": "string", "o": "object", "n": "double", "l": "list",
        }  # fmt: skip
        assert result["sample"][1]["o"] == '{"k":1}'
        assert "a: mixed types (integer, text), read as text" in result["warnings"]

    def test_a_field_that_first_appears_late_is_not_lost(self, profile: Profile) -> None:
        result = profile("a.jsonl", '{"a": null}\n' * 500_000 + '{"a": 3, "late": true}\n')
        assert column(result, "late")["nulls"] == 500_000
        assert column(result, "a")["max"] == 3

    def test_a_line_cut_off_by_a_crash_is_skipped_and_named(self, profile: Profile) -> None:
        result = profile("a.jsonl", '{"a": 1}\n{"a": 2}\n{"a"')
        assert result["rows"] == 2
        assert result["warnings"][0].endswith("line 3 is the first")

    def test_a_file_of_other_json_is_an_error(self, profile: Profile) -> None:
        assert failure(profile, "a.jsonl", "[1, 2]\n[3]\n").code == "data.unreadable"

    def test_absurdly_deep_nesting_does_no_harm(self, profile: Profile) -> None:
        result = profile("a.jsonl", '{"a": ' + "[" * 900 + "]" * 900 + "}\n")
        assert result["rows"] == 1


class TestFiles:
    @pytest.mark.parametrize("content", ["", "\n \n", "a,b\n", "a,b"])
    def test_nothing_in_it(self, profile: Profile, content: str) -> None:
        assert failure(profile, "empty.csv", content).code == "data.empty"

    def test_a_header_alone_names_its_columns(self, profile: Profile) -> None:
        assert failure(profile, "header.csv", "a,b\n").data == {"columns": ["a", "b"]}

    @pytest.mark.parametrize("cut", [slice(None, -10), slice(None, 100)])
    def test_a_truncated_parquet(self, profile: Profile, tmp_path: Path, cut: slice) -> None:
        pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "t.parquet")
        error = failure(profile, "cut.parquet", (tmp_path / "t.parquet").read_bytes()[cut])
        assert (error.code, "cut off" in error.hint) == ("data.unreadable", True)

    def test_damage_inside_a_parquet(self, profile: Profile, tmp_path: Path) -> None:
        pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "t.parquet")
        content = bytearray((tmp_path / "t.parquet").read_bytes())
        content[4:200] = b"\xff" * 196
        assert failure(profile, "t.parquet", bytes(content)).code == "data.unreadable"

    def test_compressed_text(self, profile: Profile) -> None:
        assert profile("a.csv.gz", gzip.compress(b"a\n1\n"))["rows"] == 1
        assert profile("a.jsonl.gz", gzip.compress(b'{"a": 1}\n'))["rows"] == 1
        assert profile("not-really.csv.gz", "a\n1\n")["rows"] == 1

    def test_a_truncated_gzip(self, profile: Profile) -> None:
        source = random.Random(7)
        text = "a\n" + "".join(f"{source.random()}\n" for _ in range(20_000))
        error = failure(profile, "a.csv.gz", gzip.compress(text.encode())[:50_000])
        assert (error.code, "gzip" in error.hint) == ("data.unreadable", True)

    def test_the_content_wins_over_the_name(self, profile: Profile, tmp_path: Path) -> None:
        pq.write_table(pa.table({"a": [1]}), tmp_path / "really-parquet.csv")
        result = profile("really-parquet.csv")
        assert (result["format"], result["warnings"][0]) == (
            "parquet",
            "named as csv, but the content is parquet",
        )

    def test_a_csv_may_begin_with_the_letters_of_another_format(self, profile: Profile) -> None:
        assert profile("a.csv", "PAR1,ARROW1\n1,2\n")["format"] == "csv"

    @pytest.mark.parametrize(
        ("name", "content", "hint"),
        [
            ("a.xlsx", b"PK\x03\x04\x00", "CSV"),
            ("a.json", b'{"a": 1}', "jsonl"),
            ("a.dat", b"a\n1\n", "format='csv'"),
        ],
    )
    def test_other_formats_are_refused_with_a_way_out(
        self, profile: Profile, name: str, content: bytes, hint: str
    ) -> None:
        error = failure(profile, name, content)
        assert (error.code, hint in error.hint) == ("data.unsupported_format", True)

    def test_a_format_can_be_named(self, profile: Profile) -> None:
        assert profile("a.dat", "a\n1\n", format="csv")["rows"] == 1

    def test_text_that_calls_itself_parquet(self, profile: Profile) -> None:
        assert failure(profile, "a.parquet", "a\n1\n").code == "data.unreadable"

    def test_binary_rubbish_that_calls_itself_csv(self, profile: Profile) -> None:
        assert failure(profile, "a.csv", bytes(range(256)) * 4).code == "data.unreadable"

    def test_a_folder_names_its_files(self, profile: Profile, tmp_path: Path) -> None:
        (tmp_path / "parts").mkdir()
        (tmp_path / "parts" / "part-0.parquet").touch()
        error = failure(profile, "parts")
        assert (error.code, error.hint) == ("data.is_directory", "name one of its files: part-0.parquet")


class TestValueCounts:
    def test_counts_are_exact_below_the_cap(self) -> None:
        counts = ValueCounts(pa.string())
        for _ in range(3):
            counts.update(pa.array(["b", "a", "b"]))
        assert (counts.distinct, counts.is_exact) == (2, True)
        assert [(value.as_py(), count) for value, count in counts.top(5)] == [("b", 6), ("a", 3)]

    def test_beyond_the_cap_the_frequent_values_go_on_being_counted(self) -> None:
        counts = ValueCounts(pa.int64(), max_values=1_000)
        for start in range(0, 400_000, 50_000):
            counts.update(pa.array([-1] * 50 + list(range(start, start + 50_000))))
        assert not counts.is_exact
        assert counts.distinct > 1_000
        assert [(value.as_py(), count) for value, count in counts.top(1)] == [(-1, 400)]

    def test_beyond_the_cap_memory_does_not_grow(self) -> None:
        counts = ValueCounts(pa.string(), max_bytes=100_000)
        for start in range(0, 400_000, 40_000):
            counts.update(pa.array([f"a long enough text, number {i}" for i in range(start, start + 40_000)]))
        assert counts.is_unique_so_far
        assert counts.top(5) == []
        assert counts._merged.nbytes < 100_000

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.lists(st.floats(-1e6, 1e6)), max_size=5))
    def test_moments_merge_to_those_of_all_values(self, batches: list[list[float]]) -> None:
        moments = Moments()
        for batch in batches:
            moments.add(pa.array(batch, pa.float64()))
        values = [value for batch in batches for value in batch]
        assert moments.count == len(values)
        if values:
            assert moments.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
        if len(values) > 1:
            assert moments.std == pytest.approx(statistics.stdev(values), abs=1e-4)


class WorkerContext:
    """The part of a `Context` that a profile uses; `in_process` really is another process."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def resolve(self, path: str) -> Path:
        resolved = (self.root / path).resolve()
        if not resolved.is_relative_to(self.root):
            raise Forbidden(f"{path} is outside", code="path.outside_root")
        if not resolved.exists():
            raise NotFound(f"{path} does not exist", code="path.not_found")
        return resolved

    async def in_process(self, function: Any, *args: Any) -> Any:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return await asyncio.wrap_future(pool.submit(function, *args))


@pytest.mark.asyncio
class TestOracle:
    async def run(self, root: Path, text: str) -> DataProfileOutput:
        return await DataProfile().run(WorkerContext(root), DataProfileInput(path=text))  # type: ignore[arg-type]

    async def test_a_sentence_is_answered_with_the_profile_of_its_file(self, tmp_path: Path) -> None:
        (tmp_path / "my sales.csv").write_text("city,amount\nRome,1\n")
        found = await self.run(tmp_path, 'what is in "my sales.csv"?')
        assert found.path == str(tmp_path / "my sales.csv")
        assert [column.name for column in found.columns] == ["city", "amount"]

    async def test_an_error_crosses_the_process_with_its_code_and_hint(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("")
        with pytest.raises(InvalidInput) as caught:
            await self.run(tmp_path, "a.csv")
        assert (caught.value.code, caught.value.hint) == ("data.empty", "check what should have written it")

    async def test_a_missing_file_is_named_without_the_sentence_around_it(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match=r"data/gone\.csv does not exist"):
            await self.run(tmp_path, "please profile data/gone.csv now")

    async def test_a_path_outside_stays_outside(self, tmp_path: Path) -> None:
        (tmp_path / "inside").mkdir()
        (tmp_path / "secret.csv").write_text("a\n1\n")
        for text in ("../secret.csv", "profile ../secret.csv", f"what is in {tmp_path}/secret.csv?"):
            with pytest.raises(Forbidden):
                await self.run(tmp_path / "inside", text)


class TestSentence:
    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("profile data/events.parquet", "data/events.parquet"),
            ('what is in "my sales.csv"?', "my sales.csv"),
            ("what is in sales.csv?", "sales.csv"),
            ("Describe `logs.jsonl`, please.", "logs.jsonl"),
            ("how big is ./a.csv.gz.", "./a.csv.gz"),
        ],
    )
    def test_the_likeliest_part_comes_right_after_the_whole(self, text: str, path: str) -> None:
        assert candidate_paths(text)[:2] == [text, path]

    def test_names_with_spaces_are_tried_too(self) -> None:
        assert "my big sales.csv" in candidate_paths("profile my big sales.csv now")

    @given(st.text(max_size=200))
    def test_any_text_is_survived(self, text: str) -> None:
        assert all(path.strip() for path in candidate_paths(text))

    def test_input_is_checked(self) -> None:
        for fields in ({"sample_rows": 101}, {"max_rows": 0}, {"format": "xlsx"}, {"encoding": "klingon"}):
            with pytest.raises(ValidationError):
                DataProfileInput.model_validate({"path": "a.csv", **fields})
