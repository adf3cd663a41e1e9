"""The words that graphs are written in, as an OWL ontology, and what every graph keeps, as SHACL shapes."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vibe_jupyter.core.operations import Document

__all__ = ["OntologyFormat", "OntologyPart", "ontology_document", "turtle"]

OntologyPart = Literal["words", "shapes"]
OntologyFormat = Literal["turtle", "ntriples", "jsonld", "rdfxml"]
_FILES = {"words": "code.ttl", "shapes": "shapes.ttl"}


def turtle(part: OntologyPart) -> str:
    """Return a part as it is shipped: Turtle with comments."""
    return files(__name__).joinpath(_FILES[part]).read_text(encoding="utf-8")


def ontology_document(part: OntologyPart, name: OntologyFormat) -> Document:
    """Return a part in a format."""
    from vibe_jupyter.core.operations import Document

    text = turtle(part)
    if name == "turtle":
        return Document(content=text.encode(), media_type="text/turtle", filename=_FILES[part])
    import pyoxigraph as ox

    from vibe_jupyter.core.kg.store.formats import FORMATS

    form = FORMATS[name]
    engine_form = getattr(ox.RdfFormat, form.engine_name)
    triples = (quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE))
    body = ox.serialize(triples, format=engine_form)
    filename = f"{_FILES[part].partition('.')[0]}.{engine_form.file_extension}"
    return Document(content=body, media_type=form.media_type, filename=filename)
