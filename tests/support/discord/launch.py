"""Sends the real discord.py to the local server: in this process, or an unmodified bot in another one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yarl

from tests.support.discord.server import LocalDiscord

if TYPE_CHECKING:
    import discord

SITE = Path(__file__).parent / "site"


def environment(server: LocalDiscord) -> dict[str, str]:
    """Return the variables that send a bot started with them to the local server; join PYTHONPATH with your own."""
    before = os.environ.get("PYTHONPATH")
    return {
        "LOCAL_DISCORD_API": server.api,
        "LOCAL_DISCORD_CDN": server.root,
        "LOCAL_DISCORD_GATEWAY": server.gateway.url,
        "PYTHONPATH": os.pathsep.join([str(SITE), *([before] if before else [])]),
    }


@contextmanager
def redirected(server: LocalDiscord) -> Iterator[None]:
    """Send discord.py in this process to the local server until the block ends."""
    import discord.asset
    import discord.gateway
    import discord.http

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.asset.Asset, "BASE", server.root)
        patch.setattr(discord.http.Route, "BASE", server.api)
        patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway.url))
        yield


@asynccontextmanager
async def connected(server: LocalDiscord, client: discord.Client) -> AsyncIterator[None]:
    """Run a client of discord.py in this loop until the block ends; it is connected when the block begins.

    `redirected` must be in force. Raises what the client raised when it ends by itself.
    """
    running = asyncio.create_task(client.start(server.token))
    online = asyncio.create_task(server.gateway.connected())
    try:
        await asyncio.wait({running, online}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        await online
        yield
    finally:
        online.cancel()
        await client.close()
        await asyncio.gather(running, online, return_exceptions=True)
