"""Who reads and writes a data file."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from vibe_jupyter.core.errors import Conflict, NotFound
from vibe_jupyter.core.kg.questions.data_uses import data_uses, find_data_file

BASE = "https://w3id.org/vibe-jupyter/graph/kg/"
GRAPH = f"""
@prefix code: <https://w3id.org/vibe-jupyter/code#> .
@base <{BASE}> .
<eda.ipynb> a code:Notebook, code:File ; code:path "eda.ipynb" ; code:name "eda.ipynb" ; code:hasCell <eda.ipynb#cell-10>, <eda.ipynb#cell-2> .
<eda.ipynb#cell-10> a code:Cell ; code:position 10 ; code:reads <data/sales.csv> .
<eda.ipynb#cell-2> a code:Cell ; code:position 2 ; code:writes <data/sales.csv> ; code:reads <data/sales.csv> .
<load.py> a code:File, code:Module ; code:path "load.py" ; code:name "load" ; code:qualifiedName "load" ; code:reads <#external:raw.csv> .
<load.py#load> a code:Function ; code:name "load" ; code:qualifiedName "load.load" ; code:inFile <load.py> ; code:startLine 3 ;
    code:reads <data/sales.csv>, <old/sales.csv>, <data/more/visits.csv> .
<data/sales.csv> a code:DataFile ; code:path "data/sales.csv" .
<old/sales.csv> a code:DataFile ; code:path "old/sales.csv" .
<data/more/visits.csv> a code:DataFile ; code:path "data/more/visits.csv" .
<#external:raw.csv> a code:DataFile ; code:name "/mnt/raw.csv" .
"""  # noqa: E501


@pytest.fixture(scope="module")
def store() -> ox.Store:
    store = ox.Store()
    store.load(GRAPH.encode(), ox.RdfFormat.TURTLE)
    return store


def test_cells_and_functions_come_by_place(store: ox.Store) -> None:
    found = data_uses(store, "kg", "data/sales.csv", 10)
    assert [(row.kind, row.name, row.path, row.line, row.relation) for row in found.rows] == [
        ("Cell", "cell 2", "eda.ipynb", 0, "reads"),
        ("Cell", "cell 2", "eda.ipynb", 0, "writes"),
        ("Cell", "cell 10", "eda.ipynb", 0, "reads"),
        ("Function", "load", "load.py", 3, "reads"),
    ]
    assert (found.file.kind, found.file.path) == ("DataFile", "data/sales.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("visits.csv", "data/more/visits.csv"),
        ("more/visits.csv", "data/more/visits.csv"),
        ("./old/sales.csv", "old/sales.csv"),
        ("raw.csv", "#external:raw.csv"),
        ("'visits.csv'", "data/more/visits.csv"),
    ],
)
def test_a_file_is_named_as_far_as_it_must_be(store: ox.Store, text: str, expected: str) -> None:
    assert find_data_file(store, text).value == BASE + expected


def test_a_module_that_reads_something_outside_is_found(store: ox.Store) -> None:
    found = data_uses(store, "kg", "/mnt/raw.csv", 10)
    assert [(row.kind, row.path) for row in found.rows] == [("Module", "load.py")]
    assert (found.file.name, found.file.path) == ("/mnt/raw.csv", "")


def test_a_name_of_several_files_lists_them(store: ox.Store) -> None:
    with pytest.raises(Conflict) as caught:
        data_uses(store, "kg", "sales.csv", 10)
    assert caught.value.code == "kg.ambiguous_data_file"
    assert caught.value.data == {"candidates": ["data/sales.csv", "old/sales.csv"]}


def test_an_unknown_file_is_answered_with_near_ones(store: ox.Store) -> None:
    with pytest.raises(NotFound) as caught:
        data_uses(store, "kg", "visit.csv", 10)
    assert caught.value.code == "kg.unknown_data_file"
    assert (caught.value.data or {})["similar"][0] == "data/more/visits.csv"


def test_a_limit_is_told(store: ox.Store) -> None:
    found = data_uses(store, "kg", "data/sales.csv", 1)
    assert (len(found.rows), found.is_truncated) == (1, True)
