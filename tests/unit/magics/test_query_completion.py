"""What Tab offers in the cell of a query."""

from __future__ import annotations

import pytest

from tests.timing import cpu_below
from vibe_jupyter.magics.query_completion import query_words


@pytest.mark.parametrize(
    ("body", "word", "offered"),
    [
        ("SELECT ?f { ?f a code:Func", "code:Func", "code:Function"),
        ("SELECT ?f { ?f code:cal", "code:cal", "code:calls"),
        ("SELECT ?f { ?f a co", "co", "code:"),
        ("SELECT ?caller { ?ca", "?ca", "?caller"),
        ("sel", "sel", "SELECT"),
    ],
)
def test_words_of_a_query(body: str, word: str, offered: str) -> None:
    text = f"%%vibe kg query -o df\n{body}"
    found = query_words(text, len(text))
    assert found is not None
    assert found[0] == word
    assert offered in found[1]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('{ ?f code:name "Or', "Or"),
        ("{ ?f code:name 'Or", "Or"),
        ('{ ?f code:name "done" ; code:qualifiedName "shop.or', "shop.or"),
        ('SELECT *\n{ <a#b> code:name "It\'s" , "Or', "Or"),
    ],
)
def test_symbols_in_a_string(body: str, word: str) -> None:
    asked = []

    def symbols(begun: str, kg_id: str | None) -> list[str]:
        asked.append((begun, kg_id))
        return ["Order", "shop.orders.Order", "Order", "other"]

    text = f"%%vibe kg query --kg-id shop-1\n{body}"
    expected = [name for name in ("Order", "shop.orders.Order") if name.startswith(word)]
    assert query_words(text, len(text), symbols) == (word, expected)
    assert asked == [(word, "shop-1")]


@pytest.mark.parametrize(
    "body",
    ['{ ?f code:name "Order" . ?f a co', '# "Or', "<a>" * 10_000, "<" * 10_000, "'a' " * 10_000, '{ "a" "'],
)
def test_no_symbols_outside_of_one(body: str) -> None:
    def symbols(begun: str, _kg_id: str | None) -> list[str]:
        raise AssertionError(begun)

    text = f"%%vibe kg query\n{body}"
    with cpu_below(0.5):
        query_words(text, len(text), symbols)


@pytest.mark.parametrize(
    "text", ["%%vibe kg query co", "code:Fun", "%%vibe task\ncode:Fun", "%vibe kg query\nx"]
)
def test_other_cells_are_left_alone(text: str) -> None:
    assert query_words(text, len(text)) is None
