"""Easel on the platforms people chat on; one folder each."""
