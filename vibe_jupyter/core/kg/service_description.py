"""How a graph's SPARQL endpoint describes itself."""

from __future__ import annotations

__all__ = ["service_description"]


def service_description(endpoint: str) -> str:
    """Return a query that gives the description of an endpoint (SPARQL 1.1 Service Description)."""
    formats = " ".join(
        f"; sd:resultFormat <http://www.w3.org/ns/formats/{name}>"
        for name in (
            "SPARQL_Results_JSON",
            "SPARQL_Results_XML",
            "SPARQL_Results_CSV",
            "SPARQL_Results_TSV",
            "Turtle",
        )
    )
    iri = "".join(c for c in endpoint if c.isalnum() or c in "-._~:/?[]@!$&()*+,;=%")
    return f"""CONSTRUCT {{
        ?service a sd:Service ; sd:endpoint ?service ;
            sd:supportedLanguage sd:SPARQL11Query, sd:SPARQL11Update ;
            sd:feature sd:UnionDefaultGraph {formats} ;
            sd:defaultDataset ?dataset .
        ?dataset a sd:Dataset ; sd:defaultGraph ?graph .
        ?graph a sd:Graph ; void:triples ?n .
    }} WHERE {{
        BIND(<{iri}> AS ?service) BIND(BNODE() AS ?dataset) BIND(BNODE() AS ?graph)
        {{ SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o }} }}
    }}"""
