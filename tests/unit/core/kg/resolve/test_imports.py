"""Names from other files: every way of import, packages, source roots, scripts beside each other."""

from __future__ import annotations

import pytest

from tests.unit.core.kg.resolve.projects import Project, call

SHOP = {
    "shop/__init__.py": "from .orders import Order as Exported\nfrom .orders import total\n",
    "shop/orders.py": "class Order:\n    def save(self): ...\ndef total(): ...\n",
    "shop/util/__init__.py": "",
    "shop/util/text.py": "def clean(): ...\n",
}


@pytest.mark.parametrize(
    ("source", "callee", "expected"),
    [
        ("import shop.orders\nshop.orders.total()", "shop.orders.total", "imported shop/orders.py#total"),
        ("import shop.orders as o\no.total()", "o.total", "imported shop/orders.py#total"),
        ("from shop import orders\norders.total()", "orders.total", "imported shop/orders.py#total"),
        ("from shop.orders import total\ntotal()", "total", "imported shop/orders.py#total"),
        ("from shop.orders import total as t\nt()", "t", "imported shop/orders.py#total"),
        ("from shop.orders import *\ntotal()", "total", "imported shop/orders.py#total"),
        ("from shop import total\ntotal()", "total", "imported shop/orders.py#total"),
        ("from shop import Exported\nExported()", "Exported", "imported shop/orders.py#Order"),
        ("import shop\nshop.Exported()", "shop.Exported", "imported shop/orders.py#Order"),
        ("from shop import *\ntotal()", "total", "imported shop/orders.py#total"),
        ("import shop\nshop.util.text.clean()", "shop.util.text.clean", "imported shop/util/text.py#clean"),
        ("def f():\n    from shop import total\n    total()", "total", "imported shop/orders.py#total"),
        ("from shop.orders import Order\nOrder().save()", "Order().save", "imported shop/orders.py#Order.save"),
        ("import json\njson.loads()", "json.loads", "external json.loads"),
        ("from json import loads as l\nl()", "l", "external json.loads"),
        ("import os.path\nos.path.join()", "os.path.join", "external os.path.join"),
        ("from lib import *\nunknown()", "unknown", "external lib.unknown"),
        ("try:\n    from shop import total\nexcept ImportError:\n    total = None\ntotal()", "total",
         "imported shop/orders.py#total"),
        ("try:\n    from fast import f\nexcept ImportError:\n    def f(): ...\nf()", "f", "external fast.f"),
        ("try:\n    from ._fast import f\nexcept ImportError:\n    def f(): ...\nf()", "f", "scoped run.py#f"),
        ("from fast import f\ndef f(): ...\nf()", "f", "scoped run.py#f"),
        ("if x:\n    from shop import total as f\nelse:\n    def f(): ...\nf()", "f", "scoped run.py#f"),
    ],
)  # fmt: skip
def test_every_way_to_import(source: str, callee: str, expected: str) -> None:
    assert call({**SHOP, "run.py": source}, callee) == expected


@pytest.mark.parametrize(
    ("path", "source", "callee", "expected"),
    [
        (
            "shop/a.py",
            "from . import orders\norders.total()",
            "orders.total",
            "imported shop/orders.py#total",
        ),
        ("shop/a.py", "from .orders import total\ntotal()", "total", "imported shop/orders.py#total"),
        ("shop/a.py", "from .util.text import clean\nclean()", "clean", "imported shop/util/text.py#clean"),
        ("shop/util/a.py", "from ..orders import total\ntotal()", "total", "imported shop/orders.py#total"),
        ("shop/util/a.py", "from .. import total\ntotal()", "total", "imported shop/orders.py#total"),
        (
            "shop/util/a.py",
            "from . import text as t\nt.clean()",
            "t.clean",
            "imported shop/util/text.py#clean",
        ),
        (
            "shop/util/__init__.py",
            "from .text import *\nclean()",
            "clean",
            "imported shop/util/text.py#clean",
        ),
        (
            "shop/util/__init__.py",
            "from ..orders import total\ntotal()",
            "total",
            "imported shop/orders.py#total",
        ),
    ],
)
def test_relative_imports(path: str, source: str, callee: str, expected: str) -> None:
    assert call({**SHOP, path: source}, callee, path) == expected


def test_imports_name_files_definitions_and_things_outside() -> None:
    project = Project(
        {**SHOP, "run.py": "import shop, json\nfrom shop.orders import Order, total\nfrom shop import *\n"}
    )
    assert project.imports("run.py") == [
        "shop/__init__.py",
        "json",
        "shop/orders.py#Order",
        "shop/orders.py#total",
        "shop/__init__.py",
    ]


def test_bases_are_found_through_imports() -> None:
    project = Project(
        {
            **SHOP,
            "run.py": "import abc, shop\nclass A(shop.Exported, abc.ABC): ...\nclass B(A, Missing): ...\n",
        }
    )
    assert project.bases("run.py") == {"A": ["shop/orders.py#Order", "abc.ABC"], "B": ["run.py#A"]}


def test_a_name_is_re_exported_over_several_packages() -> None:
    files = {
        "a/__init__.py": "from a.b import thing",
        "a/b/__init__.py": "from .c import *",
        "a/b/c.py": "from .d import thing as thing",
        "a/b/d.py": "def thing(): ...",
        "run.py": "import a\na.thing()",
    }
    assert call(files, "a.thing") == "imported a/b/d.py#thing"


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "from b import x\nx()", "b.py": "from a import x"},
        {"a.py": "from b import *\nx()", "b.py": "from a import *"},
        {"a.py": "import b\nb.a.b.a.x()", "b.py": "import a"},
        {"a/__init__.py": "from . import a\na.x()", "a/a.py": "from . import a"},
    ],
)
def test_modules_that_import_each_other_end(files: dict[str, str]) -> None:
    path = next(iter(files))
    assert set(Project(files).calls(path).values()) <= {"unresolved", "external a.x", "external b.x"}


def test_modules_that_import_each_other_are_understood_both() -> None:
    project = Project(
        {
            "a.py": "from b import g\ndef f(): g()",
            "b.py": "def g():\n    from a import f\n    f()",
        }
    )
    assert project.calls("a.py") == {"g": "imported b.py#g"}
    assert project.calls("b.py") == {"f": "imported a.py#f"}


def test_namespace_packages_have_no_init() -> None:
    files = {
        "ns/one/core.py": "def f(): ...",
        "ns/two/more.py": "from ..one.core import f\nfrom . import beside\nf()\nbeside.g()",
        "ns/two/beside.py": "def g(): ...",
        "run.py": "import ns.one.core\nfrom ns.one import core as c\nns.one.core.f()\nc.f()",
    }
    project = Project(files)
    assert project.calls("run.py") == {
        "ns.one.core.f": "imported ns/one/core.py#f",
        "c.f": "imported ns/one/core.py#f",
    }
    assert project.calls("ns/two/more.py") == {
        "f": "imported ns/one/core.py#f",
        "beside.g": "imported ns/two/beside.py#g",
    }


@pytest.mark.parametrize("root", ["src", "lib", "python"])
def test_a_source_root_is_not_part_of_a_modules_name(root: str) -> None:
    files = {
        f"{root}/shop/__init__.py": "",
        f"{root}/shop/orders.py": "def total(): ...",
        f"{root}/space/part.py": "def p(): ...",
        "tests/test_orders.py": "from shop.orders import total\nfrom space.part import p\ntotal()\np()",
    }
    project = Project(files)
    assert project.resolver.modules.names[f"{root}/shop/orders.py"] == "shop.orders"
    assert project.calls("tests/test_orders.py") == {
        "total": f"imported {root}/shop/orders.py#total",
        "p": f"imported {root}/space/part.py#p",
    }


def test_scripts_beside_each_other_see_each_other() -> None:
    files = {"scripts/a.py": "from b import f\nf()", "scripts/b.py": "def f(): ..."}
    assert call(files, "f", "scripts/a.py") == "imported scripts/b.py#f"


def test_a_script_elsewhere_does_not_hide_the_standard_library() -> None:
    files = {"tools/json.py": "def loads(): ...", "run.py": "import json\njson.loads()"}
    assert call(files, "json.loads") == "external json.loads"


def test_of_two_packages_of_one_name_the_nearer_one_is_meant() -> None:
    files = {
        "one/pkg/__init__.py": "def f(): ...",
        "two/pkg/__init__.py": "def f(): ...",
        "two/run.py": "from pkg import f\nf()",
    }
    assert call(files, "f", "two/run.py") == "imported two/pkg/__init__.py#f"


def test_a_stub_gives_way_to_the_source_beside_it() -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/m.py": "def f(): ...",
        "pkg/m.pyi": "def f() -> int: ...",
        "run.py": "from pkg.m import f\nf()",
    }
    assert call(files, "f") == "imported pkg/m.py#f"


def test_a_module_is_hidden_by_a_name_of_its_package() -> None:
    files = {
        "pkg/__init__.py": "from .m import m",
        "pkg/m.py": "def m(): ...",
        "run.py": "import pkg\npkg.m()",
    }
    assert call(files, "pkg.m") == "imported pkg/m.py#m"


def test_a_relative_import_beyond_the_top_ends() -> None:
    assert call({"a.py": "from ....x import f\nf()"}, "f", "a.py") == "external x.f"
