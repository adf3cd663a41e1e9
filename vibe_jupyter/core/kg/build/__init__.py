"""From a folder to the change of its graph."""
