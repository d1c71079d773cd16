"""Engines' previews as files on a status message."""

from __future__ import annotations

import io

import discord

LIMIT = 1 << 20
"""Bytes; a larger preview is not shown."""


def showable(preview: bytes) -> bool:
    """Tell whether Discord shows this as a picture, and it is small enough to be sent now and then."""
    return _ending(preview) is not None and len(preview) <= LIMIT


def files(preview: bytes | None) -> list[discord.File]:
    """Return what an edit gives as attachments: the preview, nothing if it is empty; None leaves them as they are."""
    if preview is None:
        unchanged: list[discord.File] = discord.utils.MISSING
        return unchanged
    return [discord.File(io.BytesIO(preview), f"preview.{_ending(preview)}")] if preview else []


def _ending(preview: bytes) -> str | None:
    if preview.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if preview.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if preview[:4] == b"RIFF" and preview[8:12] == b"WEBP":
        return "webp"
    return None
