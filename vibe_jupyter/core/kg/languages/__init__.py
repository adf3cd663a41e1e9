"""The languages that go into a graph: one module for each, found by being here.

A module of this package says which files are its own, how one is read, and how its names are resolved, as
`LANGUAGES` and `FAMILY`. Importing it must cost nothing: it imports its extractor and resolver when they are called.
"""
