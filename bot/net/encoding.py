"""Pictures as JSON holds them."""

from __future__ import annotations

import pybase64

from bot.net.parsing import off_loop


async def in_base64(data: bytes) -> str:
    """Return bytes in base64, the standard alphabet with padding; off the event loop when they are many."""
    return await off_loop(len(data), _encoded, data)


def _encoded(data: bytes) -> str:
    return pybase64.b64encode(data).decode("ascii")  # it lets other threads run meanwhile
