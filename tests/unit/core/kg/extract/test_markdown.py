"""Markdown as facts and triples: sections, links, and names of code."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from vibe_jupyter.core.kg.extract.facts import FileFacts
from vibe_jupyter.core.kg.extract.markdown import extract_markdown
from vibe_jupyter.core.kg.model.documents import sections_block
from vibe_jupyter.core.kg.model.names import graph_base
from vibe_jupyter.core.kg.model.triples import BlockWriter

BASE = graph_base("kg")
TEXT = """---
title: front matter
---
See [the code](../shop/orders.py#L3) and `shop.orders`.

# Orders

Call `Order.total()` or `not code`, see <https://example.org/a?b=c>.

## How

```python
`fenced` = 1
```

[up](./) ![picture](img/a%20b.png) [self](#how)

# Second
Text
"""


def read(text: str) -> FileFacts:
    return extract_markdown(text.encode())


def test_sections_with_their_lines() -> None:
    found = [(s.title, s.level, s.start_line, s.end_line) for s in read(TEXT).sections]
    assert found == [("", 0, 1, 5), ("Orders", 1, 6, 17), ("How", 2, 10, 17), ("Second", 1, 18, 19)]


def test_names_are_those_in_code_spans() -> None:
    assert [s.names for s in read(TEXT).sections] == [("shop.orders",), ("Order.total",), (), ()]


def test_links_are_files_of_the_project_or_addresses() -> None:
    block = sections_block(BASE, "docs/a.md", read(TEXT).sections)
    links = [line.split(" ")[2] for line in block.splitlines() if "#links>" in line]
    assert links == [
        f"<{BASE}shop/orders.py>",
        "<https://example.org/a?b=c>",
        f"<{BASE}docs>",
        f"<{BASE}docs/img/a%20b.png>",
    ]


@pytest.mark.parametrize(
    "link",
    [
        "http://[::1/x", "http://a b/c", "http://x:port/", "https://u:p@host/", "http://host/%zz?q=[1]#<>",
        "javascript:alert(1)", "file:///etc/passwd", "//host/x", "../../../etc/passwd", "/abs/file.md", "", "#x",
        "http:", "http://", "mailto:a@b.c", "https://h/\\x|y^`{}", "x\u0000y", "ünï/ß.md", "a\u2028b.md", "c:/x",
    ],
)  # fmt: skip
def test_every_link_gives_triples_that_the_store_takes(link: str) -> None:
    facts = read(f"# T\n[x](<{link}>) ![y](<{link}>)\n\n[z]: {link}\n[z]\n")
    block = BlockWriter(BASE).structure("docs/a.md", facts, "")
    for quad in ox.parse(block, ox.RdfFormat.N_TRIPLES):
        assert "etc/passwd" not in str(quad.object)


ODD = [
    "",
    "\n",
    "#",
    "# ",
    "> # quoted",
    "* " * 5_000,
    "[" * 5_000,
    "# a\n" * 6_000,
    "---\n",
    "\x00# a",
    "`" * 9_999,
]


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_end(text: str) -> None:
    facts = read(text)
    assert len(facts.sections) <= 5_000
    BlockWriter(BASE).structure("a.md", facts, "")


def test_setext_headings_and_crlf() -> None:
    found = read("Top\r\n===\r\n\r\nSub\r\n---\r\n").sections
    assert [(s.title, s.level) for s in found] == [("Top", 1), ("Sub", 2)]
