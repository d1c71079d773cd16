"""The mark that puts a sentence into the catalogues."""

from __future__ import annotations


def N_(sentence: str) -> str:
    """Return `sentence` unchanged; `scripts/extract_messages.py` collects every literal marked so."""
    return sentence
