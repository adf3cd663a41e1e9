"""What can be derived from the code is derived from it, once: one module for each kind of text."""
