"""From a file's bytes to its facts, language by language."""
