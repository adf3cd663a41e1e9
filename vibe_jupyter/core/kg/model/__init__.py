"""The words of the graph: its IRIs and its triples."""
