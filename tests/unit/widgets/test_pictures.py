"""Pictures of graphs: well-formed, bounded, the same each time, and never markup from data."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from vibe_jupyter.client.query_answers import Graph
from vibe_jupyter.widgets.rendering.layers import columns_of
from vibe_jupyter.widgets.rendering.pictures import MAX_NODES, PictureEdge, PictureNode, draw

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]>&amp;\x00\x1b[31m\u202e",
    "' onload='x",
]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_are_text(label: str) -> None:
    svg = draw([PictureNode(label, label, label), PictureNode("b")], [PictureEdge(0, 1, label)], label)
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "rect", "text", "g", "path", "defs", "marker"}
    names = {name for element in ET.fromstring(svg).iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    assert "<script" not in svg


def test_of_many_nodes_the_first_are_drawn_and_it_says_so() -> None:
    nodes = [PictureNode(f"n{i}") for i in range(100)]
    svg = draw(nodes, [PictureEdge(i, i + 1, "calls") for i in range(99)])
    shown = texts(svg)
    assert f"n{MAX_NODES - 1}" in shown
    assert f"n{MAX_NODES}" not in shown
    assert shown[-1] == "100 nodes, 99 edges · the first 60 of 100 nodes are drawn"


def test_nothing_and_one_node_can_be_drawn() -> None:
    for nodes in ([], [PictureNode("alone")]):
        ET.fromstring(draw(nodes, []))


def test_a_circle_is_laid_out_like_a_way() -> None:
    assert columns_of(3, [(0, 1), (1, 2), (2, 0), (1, 1)]) == [[0], [1], [2]]


def test_columns_hold_every_node_once() -> None:
    edges = [(i * 7 % 40, i * 11 % 40) for i in range(60)]
    columns = columns_of(45, edges)
    assert sorted(node for column in columns for node in column) == list(range(45))
    assert columns == columns_of(45, list(reversed(edges)))


class TestConstruct:
    TURTLE = """
    @prefix code: <https://w3id.org/vibe-jupyter/code#> .
    @prefix g: <https://w3id.org/vibe-jupyter/graph/shop-1/> .
    g:a a code:Function ; code:name "<script>alert(1)</script>" ; code:calls g:b .
    g:b code:startLine 7 .
    """

    def test_shows_a_picture_that_needs_no_html(self) -> None:
        graph = Graph(self.TURTLE)
        bundle = graph._repr_mimebundle_()
        assert bundle.keys() == {"text/plain", "image/svg+xml"}
        assert set(texts(bundle["image/svg+xml"])[:3]) == {"b", "<script>alert(1)</script>", "7"}
        assert bundle["image/svg+xml"] == Graph(self.TURTLE).to_svg()

    def test_of_no_triples_says_so(self) -> None:
        assert Graph("")._repr_mimebundle_() == {"text/plain": "nothing: the query made no triples"}
        assert len(Graph(self.TURTLE)) == 4

    def test_of_classes_alone_draws_the_classes(self) -> None:
        svg = Graph("<urn:x> a <https://w3id.org/vibe-jupyter/code#Class> .").to_svg()
        assert set(texts(svg)[:2]) == {"urn:x", "code:Class"}
