"""Templates: where they come from, and how a project is made of one."""
