"""GitHub: repositories, pushes, pull requests, issues."""
