"""What Tab offers in the cell of a query."""

from __future__ import annotations

import pytest

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
    "text", ["%%vibe kg query co", "code:Fun", "%%vibe task\ncode:Fun", "%vibe kg query\nx"]
)
def test_other_cells_are_left_alone(text: str) -> None:
    assert query_words(text, len(text)) is None
