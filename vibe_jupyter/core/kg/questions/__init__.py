"""Questions people ask of a project, answered on an open store by exact look-ups."""
