"""Names in documents lead to what they mean, where they can mean one thing only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.timing import cpu_below
from tests.unit.core.kg.build.project import Project

ORDERS = """
LIMIT = 3

class Order:
    def save(self): ...
    def total(self): ...

class Bill:
    def save(self): ...

def charge(): ...
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path)
    found.write("shop/__init__.py", "")
    found.write("shop/orders.py", ORDERS)
    found.write("shop/other.py", "def parse(): ...\n")
    found.write("tools/other.py", "def parse(): ...\n")
    return found


def mentioned(project: Project, path: str = "README.md") -> list[str]:
    found = re.findall(r"mentions> <[^>]*?/kg/([^>]+)>", project.build().blocks[path])
    return sorted(found)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("charge", "shop/orders.py#charge"),
        ("charge(order, by=3)", "shop/orders.py#charge"),
        ("Order", "shop/orders.py#Order"),
        ("LIMIT", "shop/orders.py#LIMIT"),
        ("total", "shop/orders.py#Order.total"),
        ("Bill.save", "shop/orders.py#Bill.save"),
        ("orders.Bill.save()", "shop/orders.py#Bill.save"),
        ("shop.orders.Order.save", "shop/orders.py#Order.save"),
        ("shop.orders", "shop/orders.py"),
        ("shop.other.parse", "shop/other.py#parse"),
        ("shop", "shop/__init__.py"),
    ],
)
def test_a_name_that_means_one_thing_leads_there(project: Project, name: str, meaning: str) -> None:
    project.write("README.md", f"# Use\n\nCall `{name}`.\n")
    assert mentioned(project) == [meaning]


@pytest.mark.parametrize(
    "name",
    ["save", "parse", "other.parse", "der.save", "Order.missing", "elsewhere.charge", "missing", "orders"],
)
def test_a_name_that_means_nothing_or_several_things_leads_nowhere(project: Project, name: str) -> None:
    project.write("README.md", f"`{name}`\n")
    assert mentioned(project) == []
    assert f'mentionsName> "{name}"' in project.blocks["README.md"]


def test_branches_and_overloads_are_one_thing(project: Project) -> None:
    project.write("a.py", "if x:\n    def both(): ...\nelse:\n    def both(): ...\n")
    project.write("README.md", "`both`\n")
    assert mentioned(project) == ["a.py#both"]


def test_documents_follow_what_is_defined(project: Project, tmp_path: Path) -> None:
    project.write("README.md", "`charge` and `shop.orders.Order.total`\n")
    assert mentioned(project) == ["shop/orders.py#Order.total", "shop/orders.py#charge"]
    project.write("more.py", "def charge(): ...\n")
    assert mentioned(project) == ["shop/orders.py#Order.total"]
    (project.root / "more.py").unlink()
    project.write("shop/orders.py", ORDERS.replace("total", "amount"))
    assert mentioned(project) == ["shop/orders.py#charge"]
    assert project.blocks == project.clean(tmp_path)


def test_a_change_that_no_document_speaks_of_rewrites_none(project: Project) -> None:
    project.write("README.md", "`charge`\n")
    project.build()
    project.write("shop/other.py", "def parse(): ...\ndef unheard(): ...\n")
    assert project.build().rewritten == ["shop/other.py"]


def test_a_document_of_very_many_names_takes_no_long_time(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for number in range(90):
        project.write(f"m{number}.py", "".join(f"def f{each}(): ...\n" for each in range(300)))
    sections = [f"# {a}\n\n" + " ".join(f"`m{b}.f{a}`" for b in range(90)) + "\n" for a in range(100)]
    project.write("README.md", "".join(sections))
    with cpu_below(8):
        found = mentioned(project)
    assert "m89.py#f3" in found
    assert 4_000 < len(found) <= 5_000
