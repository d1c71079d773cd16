"""The mark that puts a sentence into the catalogues."""

from __future__ import annotations

from dataclasses import dataclass


def N_(sentence: str) -> str:
    """Return `sentence` unchanged; `scripts/extract_messages.py` collects every literal marked so."""
    return sentence


@dataclass(frozen=True, slots=True)
class Wait:
    """A time to wait, for a placeholder: said roughly, and in the language of the sentence."""

    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:.0f} s"
