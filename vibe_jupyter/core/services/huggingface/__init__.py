"""Hugging Face: Spaces that are deployed and followed, data sets that are uploaded; begin with `service.py`."""
