"""How values are spelled."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.widgets.rendering_samples import NOW
from vibe_jupyter.widgets.rendering import formats
from vibe_jupyter.widgets.rendering.glyphs import bar, segments


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "<0.001 s"), (0.004, "0.004 s"), (0.0364, "0.04 s"), (0.996, "1.0 s"), (1, "1.0 s"), (8.26, "8.3 s"),
        (9.96, "10 s"), (59.7, "1 min"), (125, "2 min 5 s"), (3599.8, "1 h"), (3780, "1 h 3 min"), (187_200, "2 d 4 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float, said: str) -> None:
    assert formats.duration(seconds) == said


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (98_111, "98.1 kB"), (99_960, "100 kB"), (999_499, "999 kB"),
        (999_600, "1.0 MB"), (1_200_000_000, "1.2 GB"), (5 * 10**15, "5,000 TB"),
    ],
)  # fmt: skip
def test_sizes(size_bytes: int, said: str) -> None:
    assert formats.size(size_bytes) == said


@pytest.mark.parametrize(
    ("quantity", "said"),
    [
        (None, ""), (7, "7"), (1204, "1,204"), (-12_345, "-12,345"), (0.5, "0.5"), (84.22131, "84.2213"),
        (1249.5, "1,249.5"), (18_999.99, "18,999.99"), (1.5e-7, "1.5e-07"), (2e15, "2e+15"), (float("inf"), "∞"),
        (2**70, "about 2^70"), (-(2**70), "about -2^70"),
    ],
)  # fmt: skip
def test_numbers(quantity: float | None, said: str) -> None:
    assert formats.number(quantity) == said


def test_a_year_keeps_its_digits_together_where_nobody_knows_what_a_number_means() -> None:
    assert formats.value(2024) == "2024"
    assert formats.value(20_240) == "20,240"


@pytest.mark.parametrize(
    ("ago_s", "said"),
    [
        (0, "now"), (4, "now"), (12, "12 s ago"), (180, "3 min ago"), (7300, "2 h ago"), (90_000, "1 d ago"),
        (40 * 86_400, "2026-10-16"), (-30, "now"), (-3600, "2026-11-25 15:31:43 UTC"),
    ],
)  # fmt: skip
def test_times(ago_s: float, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "now", lambda: NOW)
    assert formats.ago(NOW - timedelta(seconds=ago_s)) == said


def test_a_time_without_a_zone_is_utc() -> None:
    assert formats.moment(datetime(2026, 1, 2, 3, 4, 5)) == "2026-01-02 03:04:05 UTC"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        ({"a": [1, {"b": {"c": {"d": 1}}}]}, '{"a": [1, {"b": {"c": "{…}"}}]}'),
    ],
)
def test_values_in_one_line(item: Any, said: str) -> None:
    assert formats.value(item) == said


def test_what_is_cut_from_json_is_counted() -> None:
    assert formats.compact(list(range(20))).endswith('11, "… 8 more"]')


def test_a_bar_shows_eighths_and_never_hides_something() -> None:
    assert bar(0.5, 4, track="·") == "██··"
    assert bar(0.55, 4, track="·") == "██▎·"
    assert bar(1e-9, 4) == "▏"
    assert bar(0, 4) == ""
    assert bar(7, 4) == "████"
    assert bar(float("nan"), 4) == ""


def test_the_segments_of_a_stacked_bar_add_up_to_its_whole() -> None:
    assert segments([0.5, 0.25, 0.25], 8) == [("█", 4), ("▓", 2), ("▒", 2)]
    assert sum(length for _, length in segments([1 / 3] * 3, 10)) == 10
    assert sum(length for _, length in segments([5.0, -1.0, float("nan"), 5.0], 10)) == 10
