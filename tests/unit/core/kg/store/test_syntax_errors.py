"""What a person is told about a wrong query."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_jupyter.core.errors import VibeError
from vibe_jupyter.core.kg.store.local import LocalStore
from vibe_jupyter.core.kg.store.parser import Unexpected, parse
from vibe_jupyter.core.kg.store.positions import offset_of, position_of
from vibe_jupyter.core.kg.store.syntax_errors import check_names, syntax_error
from vibe_jupyter.core.kg.store.vocabulary import PREFIXES

WRONG = [
    ("SELECT ?f (COUNT(?c) AS ?callers) WHERE { ?c code;calls ?f }",
     'line 1, column 46: expected a variable or IRI, found "code;calls"', 'e.g. code:calls'),
    ("SELECT ?f\nWHERE { ?f a code:Function . code;calls ?x }", "line 2, column 30: expected a triple, a pattern", ""),
    ("# x\r\nSELECT * { ?s\tcode;x ?b }", 'line 2, column 15: expected a variable or IRI, found "code;x"', ""),
    ("SELECT ?ä { ?ä code;x ?b }", 'line 1, column 16: expected a variable or IRI, found "code;x"', ""),
    ("SELEC * { ?s ?p ?o }", 'line 1, column 1: expected BASE, PREFIX, SELECT, CONSTRUCT, ..., found', "SELECT?"),
    ("SELECT ?f WERE { ?f a code:Function }", "line 1, column 11: expected a variable", "did you mean WHERE?"),
    ("SELECT * { ?f a code:Function OPTINAL { ?f code:name ?n } }", "line 1, column 31: ", "did you mean OPTIONAL?"),
    ("SELECT * { ?s ?p ?o } LIMIT -1", 'line 1, column 29: expected a number, found "-"', ""),
    ("SELECT * { ?s ?p ?o } LIMT 1", "line 1, column 23: ", "did you mean LIMIT?"),
    ("SELECT * { ?s ?p ?o ", "line 1, column 21: expected a triple", ""),
    ("SELECT * { ?s ?p }", "line 1, column 18: expected a variable, IRI or literal", ""),
    ("SELECT * {\n  ?s ?p ?o .\n  FILTER(?o > ) }", 'line 3, column 15: expected an expression, found ")"', ""),
    ("SELECT * { ?s ?p ?o FILTER ?o = 3 }", "line 1, column 28: expected an expression in brackets or a function", ""),
    ("SELECT * { ?s ?p ?o FILTER(foo(?o)) }", 'line 1, column 28: expected an expression, found "foo(?o))"', ""),
    ("ASK { ?s cod:p ?o }", 'line 1, column 10: the prefix of "cod:p" is not known', "did you mean code:?"),
    ("SELECT * { <rel> ?p ?o }", "line 1, column 12: the IRI <rel> is relative", "in full"),
    ('SELECT * { ?s ?p "a\\qb" }', 'line 1, column 20: "\\q" means nothing in a string', ""),
    ("SELECT (COUNT(?x) AS ?n) ?y { ?x ?p ?y }", "line 1, column 40: the SELECT contains a variable that is", ""),
    ("SELECT * { ?s ?p ?o } GROUP BY ?s", "line 1, column 33: SELECT * is not authorized with GROUP BY", ""),
    ("SELECT * { BIND(1 AS ?x) BIND(2 AS ?x) }", "line 1, column 40: the engine does not accept", "bound twice"),
    ("INSERT DATA { <urn:a> <urn:b> 1 }", "line 1, column 1: ", "this is an update"),
    ("", "line 1, column 1: expected BASE, PREFIX, SELECT, CONSTRUCT, ..., found the end", ""),
]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize(("query", "message", "hint"), WRONG)
async def test_an_error_says_where_what_was_expected_and_what_was_found(
    store: LocalStore, query, message, hint
):
    with pytest.raises(VibeError) as caught:
        await store.query(query)
    error = caught.value
    assert (error.code, error.status) == ("kg.query_syntax", 400)
    assert error.message.startswith(f"SPARQL {message}")
    assert hint in (error.hint or "")
    assert error.data is not None
    line, pointer = error.data["pointer"].split("\n")
    assert line == error.data["text"].replace("\t", " ")  # so that the mark stands below its place
    assert error.data["text"] == position_of(query, offset_of(query, error.data["line"], 1)).text
    assert pointer == " " * (error.data["column"] - 1) + "^"


RIGHT = [
    "SELECT DISTINCT ?s (COUNT(?o) AS ?n) { ?s ?p ?o } GROUP BY ?s HAVING(?n > 1) ORDER BY DESC(?n) LIMIT 3",
    "PREFIX e: <urn:e:> SELECT * { ?s e:a/e:b*|^e:c+ ?o ; a e:T , [ e:x ( 1 2.5 -3e4 'x'@en \"y\"^^xsd:int ) ] . }",
    "ASK { ?s !(rdf:type|^code:calls) ?o FILTER NOT EXISTS { ?o ?q ?s } FILTER(?o NOT IN (1, 2) && !BOUND(?x)) }",
    "CONSTRUCT { ?s ?p [] . _:b ?p ?o } WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } MINUS { ?s a ?o } }",
    "CONSTRUCT WHERE { ?s ?p ?o . ?o ?q ?r . } LIMIT 1",
    "DESCRIBE <urn:a> ?x WHERE { ?x ?p ?o } VALUES (?o ?p) { (1 UNDEF) (code:a 'x') }",
    "SELECT (GROUP_CONCAT(?x; SEPARATOR=', ') AS ?all) { SELECT ?x { ?x ?p ?o BIND(IF(?o > 1, 'a', 'b') AS ?y) } }",
    'BASE <urn:b/> SELECT * { <x> ?p \'\'\'l \' t\'\'\' . OPTIONAL { ?s ?p """a "b" c""" } VALUES ?p { rdf:type } }',
    "SELECT (xsd:integer(?o) + 1 * -2 AS ?n) { ?s ?p ?o FILTER(REGEX(STR(?o), '^x', 'i') || ?o = code:a) } # end",
    "SELECT * { ?s code:a.b ?o . ?s code:a-b%20c\\,d _:x1 }",
]


@pytest.mark.parametrize("query", RIGHT)
def test_what_the_engine_takes_is_right_for_us_too(query):
    ox.Store().query(query, prefixes=PREFIXES)
    check_names(query, parse(query, "Query"))


@given(st.sampled_from([*RIGHT, *(query for query, _, _ in WRONG)]), st.data())
def test_any_damage_is_explained(query, data):
    start = data.draw(st.integers(0, len(query)))
    end = data.draw(st.integers(start, min(len(query), start + 6)))
    text = query[:start] + data.draw(st.text("{}();.,?:<>'\"\\ax1 #", max_size=3)) + query[end:]
    try:
        ox.Store().query(text, prefixes=PREFIXES)
    except SyntaxError as error:
        explained = syntax_error(text, str(error))
        assert explained.code == "kg.query_syntax"
        assert explained.message.startswith("SPARQL line ")
        assert explained.data is not None
        assert offset_of(text, explained.data["line"], explained.data["column"]) <= len(text)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_explained(text):
    for rule in ("Query", "Update"):
        expected = None
        try:
            parse(text, rule)
        except Unexpected as error:
            expected = error.expected
        assert expected != []


@given(st.text("ab\r\n\u2028", max_size=30), st.integers(0, 30))
def test_positions_and_offsets_agree(text, offset):
    offset = min(offset, len(text))
    place = position_of(text, offset)
    if not (0 < offset < len(text) and text[offset - 1 : offset + 1] == "\r\n"):
        assert offset_of(text, place.line, place.column) == offset


def test_an_error_from_the_engine_that_nobody_understands_is_passed_on():
    error = syntax_error("ASK {}", "something else")
    assert error.message == "SPARQL: something else"


@pytest.mark.asyncio
async def test_deep_nesting_costs_a_worker_at_most(store: LocalStore):
    for depth in (100, 5_000):
        with pytest.raises(VibeError):
            await store.query(f"SELECT * {{ FILTER({'(' * depth} 1 }}")
    await store.query("ASK {}")
