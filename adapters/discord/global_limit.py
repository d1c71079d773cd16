"""A mend for discord.py 2.7.1: a request that is cut off while Discord's global rate limit holds it up must not hang
all others.

The library closes a gate for everybody, sleeps, and opens it again in the request that was told of the limit; cancelled
in between, it leaves the gate closed for ever (`HTTPClient.request`). Easel does cut requests off: each has a deadline.
"""

from __future__ import annotations

import asyncio
from typing import Any

from discord.http import HTTPClient


def opened_when_cut_off(http: HTTPClient) -> None:
    """Open the gate whenever a request of this client is cancelled; who comes too early is told of the limit again."""
    ask = http.request

    async def request(*args: Any, **more: Any) -> Any:
        try:
            return await ask(*args, **more)
        except asyncio.CancelledError:
            http._global_over.set()
            raise

    http.request = request  # type: ignore[method-assign]  # the library makes its HTTPClient itself
