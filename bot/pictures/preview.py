"""Previews of what is being drawn, small enough to be shown again and again."""

from __future__ import annotations

from bot.pictures import encode
from bot.pictures.inspect import MIMES, RESULT_PIXELS, sniff
from bot.pictures.sandbox import Sandbox

SIDE = 512
"""Pixels."""
SMALL = 200_000
"""Bytes of a preview that is shown as it came."""


async def small(sandbox: Sandbox, preview: bytes) -> bytes | None:
    """Return a preview of at most a few hundred kilobytes; None when it cannot be made, which harms nothing."""
    if len(preview) <= SMALL:
        return preview
    format = sniff(preview)
    if format is None or format not in MIMES:
        return None
    try:
        async with sandbox.scratch() as directory:
            source, target = directory / "source", directory / "target"
            await sandbox.write(source, preview)
            await sandbox.call(encode.thumbnail, source, target, format, SIDE, RESULT_PIXELS)
            return await sandbox.read(target)
    except Exception:
        return None
