"""Projects on their way out: pushed to GitHub, and offered there as a pull request."""
