"""The knowledge graph: RDF about one project's files, extracted, resolved, stored and asked with SPARQL."""
