"""The ontology says every word that graphs use, and graphs keep what the shapes promise."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
from rdflib import Graph, URIRef
from rdflib.namespace import DCTERMS, DOAP, OWL, PROV, RDF, RDFS, SDO, SH, SKOS, DefinedNamespace

from tests.unit.core.kg.build.projects import change, change_outline, change_script
from tests.unit.core.kg.history.repositories import Repository
from vibe_jupyter.core.kg.build.generate import generate
from vibe_jupyter.core.kg.ontology import OntologyFormat, ontology_document, turtle
from vibe_jupyter.core.kg.store.generations import GraphFolder, pinned
from vibe_jupyter.core.kg.store.vocabulary import CODE

SHOP = {
    "shop/__init__.py": "from .orders import *\n",
    "shop/orders.py": '''
"""Orders."""
import json
from decimal import Decimal

RATE: Decimal = Decimal("0.2")

class Order(Base):
    """What somebody bought."""
    total: int = 0

    @property
    def price(self, *parts, **more) -> int:
        return len(json.dumps(self.total))

    @price.setter
    def price(self, value: int) -> None:
        self.check(value)

    async def check(self, value, /, deep=False): ...

def make(): return Order().check(make)
''',
    "tests/test_orders.py": "from shop import make\ndef test_make():\n    assert make().price\n    helper()\n",
    "web/view.tsx": "import {Order} from './order';\nexport const View = (o: Order) => <div>{o.total()}</div>;\n",
    "web/order.ts": """
export interface Thing { id: string }
export enum Kind { A }
export type Id = string;
export namespace N { export const x = 1 }
export class Order implements Thing { id = ''; total() { return f() } }
""",
    "package.json": '{"name": "web", "dependencies": {"react": "^18"}, "devDependencies": {"react": "*"}}',
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["Numpy>=1", "requests[socks]"]\n',
    "docs/guide.md": "[a](../shop) `shop.make`\n# Guide\n`Order.total()` <https://x.org>\n## Deep\n### Deeper\n# End\n",
    "requirements-dev.txt": "-r other.txt\nnumpy==1.2\npytest\n???\n",
    "environment.yml": "dependencies:\n  - conda-forge::python=3.11\n  - pip:\n    - rich\n",
    "nb/eda.ipynb": json.dumps(
        {
            "cells": [
                {"cell_type": "markdown", "source": ["# Orders"]},
                {
                    "cell_type": "code",
                    "source": "from shop import make\ndef load():\n    return open('a.csv').read()",
                },
                {
                    "cell_type": "code",
                    "source": "t = make()\nt.to_csv('out/t.csv')\nload()",
                    "execution_count": 2,
                    "outputs": [{"output_type": "error", "ename": "KeyError", "evalue": "'x'"}],
                },
                {"cell_type": "raw", "source": "---"},
            ]
        }
    ),
    "nb/broken.ipynb": '{"cells": [',
}
ODD = {
    "twice.py": "def f(a, a, *, a): pass\nclass C: pass\nclass C: pass\ndef f(): pass\nf = 1\n",
    "broken.py": "def broken(:\n  x = (\nclass : pass\ndef ok(): return ok()\n",
    "naïve/übung.py": "class Größe:\n    def ß(self): return self.ß()\n",
    "space in name.py": 'x = "\\u2028\\t\\"quoted\\""\ndef f(): "doc \\N{SNOWMAN} \\x00 \\\\"\n',
    "empty.py": "",
    "binary.py": "\0\1",
    "patterns.ts": "function f({a}, {b}, [c, [d]], ...rest) {}\nclass { x() {} }\nexport default function () {}\n",
    "quotes.js": "const o = {'a b': function () { o['a b']() }, [1 + 2]: () => 3};\nclass A { #p() { this.#p() } }\n",
}


def graph_of(root: Path, folder: Path) -> Graph:
    generate(str(folder), "kg", str(root))
    graph = Graph()
    with pinned(GraphFolder(folder)) as generation:
        store = ox.Store.read_only(str(generation.store))
        text = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    graph.parse(data=text, format="nt")
    return graph


def written(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(scope="module")
def shapes() -> Graph:
    return Graph().parse(data=turtle("shapes"), format="turtle")


@pytest.fixture(scope="module")
def ontology() -> Graph:
    return Graph().parse(data=turtle("words"), format="turtle")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return graph_of(written(tmp_path_factory.mktemp("shop"), SHOP), tmp_path_factory.mktemp("graph"))


def problems(graph: Graph, shapes: Graph) -> str:
    conforms, _results, text = pyshacl.validate(graph, shacl_graph=shapes, inference="none", advanced=False)
    return "" if conforms else str(text)


def words(graph: Graph) -> set[str]:
    used = {str(predicate) for predicate in graph.predicates()} | {
        str(o) for o in graph.objects(None, RDF.type)
    }
    return {word for word in used if word.startswith(CODE)}


def test_a_graph_of_all_kinds_of_definitions_conforms(shop: Graph, shapes: Graph) -> None:
    assert problems(shop, shapes) == ""
    kinds = {str(o).removeprefix(CODE) for o in shop.objects(None, RDF.type)}
    assert kinds >= {
        *(
            "File",
            "Module",
            "Class",
            "Function",
            "Method",
            "Field",
            "Variable",
            "Parameter",
            "Call",
            "External",
        ),
        *("Interface", "Enumeration", "TypeAlias", "Namespace"),
    }


def test_a_graph_with_a_history_conforms(tmp_path: Path, shapes: Graph, ontology: Graph) -> None:
    repository = Repository(tmp_path / "project")
    for number in range(3):
        repository.commit(
            {"a.py": f"a = {number}\n", "b.py": f"b = {number}\n"}, message="\x1f <odd> \\ \u2028"
        )
    graph = graph_of(repository.root, tmp_path / "graph")
    assert len(list(graph.subjects(RDF.type, URIRef(f"{CODE}CoChange")))) == 1
    assert problems(graph, shapes) == ""
    assert words(graph) <= {str(subject) for subject in ontology.subjects()}


def test_a_graph_of_odd_files_conforms(tmp_path: Path, shapes: Graph) -> None:
    graph = graph_of(written(tmp_path / "odd", ODD), tmp_path / "graph")
    assert problems(graph, shapes) == ""
    assert (None, URIRef(f"{CODE}problem"), None) in graph


def test_a_graph_of_further_languages_conforms(tmp_path: Path, shapes: Graph) -> None:
    graph = graph_of(Path(__file__).parents[1] / "languages", tmp_path / "graph")
    assert problems(graph, shapes) == ""
    read = {str(language) for language in graph.objects(None, URIRef(f"{CODE}language"))}
    assert read >= {"java", "go", "rust", "c", "cpp"}


@pytest.mark.parametrize("seed", range(3))
def test_graphs_of_projects_that_change_conform(seed: int, tmp_path: Path, shapes: Graph) -> None:
    chance = random.Random(seed)
    root = tmp_path / "project"
    root.mkdir()
    for _ in range(12):
        change(root, chance)
        change_script(root, chance)
        change_outline(root, chance)
    assert problems(graph_of(root, tmp_path / "graph"), shapes) == ""


def test_every_word_of_a_graph_is_in_the_ontology(shop: Graph, ontology: Graph) -> None:
    assert words(shop) - {str(subject) for subject in ontology.subjects(RDF.type)} == set()
    assert all((URIRef(word), RDFS.comment, None) in ontology for word in words(shop))


def test_every_word_of_the_shapes_is_in_the_ontology(shapes: Graph, ontology: Graph) -> None:
    said = {str(node) for node in shapes.all_nodes() if str(node).startswith(CODE)}
    assert said - {str(subject) for subject in ontology.subjects(RDF.type)} == set()


def test_every_class_of_the_ontology_has_a_shape(shapes: Graph, ontology: Graph) -> None:
    classes = {
        str(c) for c in ontology.subjects(RDF.type, OWL.Class) if (None, RDFS.subClassOf, c) not in ontology
    }
    assert classes - {str(c) for c in shapes.objects(None, SH.targetClass)} == set()


def test_properties_say_what_they_are(ontology: Graph) -> None:
    for kind in (OWL.ObjectProperty, OWL.DatatypeProperty, OWL.Class):
        for subject in ontology.subjects(RDF.type, kind):
            assert str(subject).startswith(CODE)
            assert len(list(ontology.objects(subject, RDFS.label))) == 1
            comment = str(ontology.value(subject, RDFS.comment))
            assert comment.endswith("."), comment


@pytest.mark.parametrize("namespace", [SDO, DCTERMS, DOAP, PROV, SKOS, OWL, RDFS], ids=lambda n: n.__name__)
def test_words_of_others_exist(namespace: type[DefinedNamespace], ontology: Graph, shapes: Graph) -> None:
    prefix = str(namespace._NS)
    used = {str(n) for g in (ontology, shapes) for n in g.all_nodes() | set(g.predicates())}
    found = {word.removeprefix(prefix) for word in used if word.startswith(prefix)} - {""}
    assert found, "it is not used"
    assert [word for word in found if word not in namespace] == []


ORDER = URIRef("https://w3id.org/vibe-jupyter/graph/kg/shop/orders.py#Order")
CALL = URIRef("https://w3id.org/vibe-jupyter/graph/kg/shop/orders.py#make@1")


@pytest.mark.parametrize(
    ("gone", "new"),
    [
        (f"<{ORDER}> code:name ?x", ""),
        ("", f'<{ORDER}> code:name "Another"'),
        ("", f"<{ORDER}> code:name 3"),
        (f"<{ORDER}> code:qualifiedName ?x", ""),
        (f"<{ORDER}> code:startLine ?x", f"<{ORDER}> code:startLine 900"),
        (f"<{ORDER}> code:startLine ?x", f"<{ORDER}> code:startLine 0"),
        (f"<{ORDER}> code:endLine ?x", ""),
        (f"<{ORDER}> code:inFile ?x", ""),
        (f"?x code:defines <{ORDER}>", ""),
        ("", f"<{ORDER}> code:inherits 'Base'"),
        ("", f"<{ORDER}> code:calls <https://w3id.org/vibe-jupyter/graph/kg/#external:len>"),
        (f"<{CALL}> code:caller ?x", ""),
        (f"<{CALL}> code:callee ?x", ""),
        (f"<{CALL}> code:resolution ?x", f"<{CALL}> code:resolution 'guessed'"),
        (f"<{CALL}> code:resolution ?x", f"<{CALL}> code:resolution 'external'"),
        (f"<{CALL}> code:resolution ?x", f"<{CALL}> code:resolution 'unresolved'"),
        (f"<{CALL}> code:line ?x", ""),
        ("?f code:path 'shop/orders.py'", ""),
        ("?p code:position 0", ""),
        ("?e code:name 'len'", ""),
        ("?g prov:endedAtTime ?x", ""),
    ],
)
def test_a_graph_that_breaks_a_promise_does_not_conform(
    gone: str, new: str, shop: Graph, shapes: Graph
) -> None:
    graph = Graph()
    for triple in shop:
        graph.add(triple)
    before = set(graph)
    names = {"code": CODE, "prov": str(PROV)}
    if gone:
        graph.update(f"DELETE WHERE {{ {gone} }}", initNs=names)
    if new:
        graph.update(f"INSERT DATA {{ {new} }}", initNs=names)
    assert set(graph) != before
    assert "Constraint Violation" in problems(graph, shapes)


def test_calls_are_those_that_are_certain(shop: Graph) -> None:
    names = {"code": CODE}
    asked = "ASK { ?c code:caller ?a ; code:callee ?b ; code:resolution ?r FILTER(?r IN ('scoped', 'imported')) %s }"
    assert shop.query("ASK { ?a code:calls ?b }", initNs=names).askAnswer
    assert not shop.query(asked % "FILTER NOT EXISTS { ?a code:calls ?b }", initNs=names).askAnswer
    odd = (
        "ASK { ?a code:calls ?b FILTER NOT EXISTS { ?c code:caller ?a ; code:callee ?b ; code:resolution ?r"
        " FILTER(?r IN ('scoped', 'imported')) } }"
    )
    assert not shop.query(odd, initNs=names).askAnswer


@pytest.mark.parametrize("name", ["turtle", "ntriples", "rdfxml", "jsonld"])
def test_the_ontology_comes_in_several_forms(name: OntologyFormat, ontology: Graph) -> None:
    document = ontology_document("words", name)
    form = ox.RdfFormat.from_media_type(document.media_type)
    assert form is not None
    assert len(list(ox.parse(document.content, form))) == len(ontology)
    assert document.filename == f"code.{form.file_extension}"
