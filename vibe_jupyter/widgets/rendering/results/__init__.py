"""The results of our own oracles, a module for each task type; imported when the first such result is shown."""
