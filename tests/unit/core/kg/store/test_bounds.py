"""Rows are counted in what the engine writes, whatever strings are in it and wherever it is cut into pieces."""

from __future__ import annotations

import json

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.kg.store.bounds import BoundedOutput, Full, TooManyRows

HOSTILE = st.lists(
    st.one_of(
        st.none(),
        st.text('},{"\\[]:\n\r\t,ab<>&', max_size=12),
        st.sampled_from(["<result>", "</result>", ",{", '"},{"', "\\", '\\"', "]}}", "\r\n", '""']),
    ),
    max_size=12,
)
SHAPES = ["JSON", "XML", "CSV", "TSV"]


def written(values: list[str | None], shape: str, limit: int | None = None) -> bytes:
    def term(value: str | None) -> str:
        return "UNDEF" if value is None else str(ox.Literal(value))

    end = "" if limit is None else f"LIMIT {limit}"
    query = (
        f"SELECT ?a ?b {{ VALUES (?a ?b) {{ {' '.join(f'({term(v)} {term(v)})' for v in values)} }} }} {end}"
    )
    return ox.Store().query(query).serialize(format=getattr(ox.QueryResultsFormat, shape))


def feed(output: BoundedOutput, text: bytes, step: int) -> None:
    for start in range(0, len(text), step):
        output.write(text[start : start + step])


@pytest.mark.parametrize("shape", SHAPES)
@given(values=HOSTILE, most=st.integers(1, 12), step=st.integers(1, 40))
def test_exactly_the_first_rows_are_kept(shape, values, most, step):
    output = BoundedOutput(10**6, shape.lower(), most)
    text = written(values, shape)
    if len(values) <= most:
        feed(output, text, step)
        assert output.body == text
    else:
        with pytest.raises(TooManyRows):
            feed(output, text, step)
        assert bytes(output.body) == written(values, shape, most)


def test_bytes_are_bounded():
    output = BoundedOutput(10)
    output.write(b"x" * 10)
    with pytest.raises(Full):
        output.write(b"x")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_engine_is_stopped_early_and_what_it_still_writes_is_ignored(shape):
    store = ox.Store()
    store.extend(
        ox.Quad(ox.NamedNode(f"urn:{n}"), ox.NamedNode("urn:p"), ox.Literal(n)) for n in range(5_000)
    )
    output = BoundedOutput(10**9, shape.lower(), 20)
    with pytest.raises(TooManyRows):
        store.query("SELECT * { ?s ?p ?o }").serialize(output, getattr(ox.QueryResultsFormat, shape))
    assert len(output.body) < 10_000
    if shape == "JSON":
        assert len(json.loads(output.body)["results"]["bindings"]) == 20
