"""Text within Discord's limits."""

from __future__ import annotations

CONTENT = 2000
"""Characters of a message."""


def cut(text: str, limit: int = CONTENT) -> str:
    """Return `text` in at most `limit` characters, with “…” where something was left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
