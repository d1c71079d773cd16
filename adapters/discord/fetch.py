"""Downloads of pictures that people gave, from Discord's own servers only."""

from __future__ import annotations

import asyncio

import aiohttp
import discord

from bot.errors import FileTooLarge, Gone
from bot.types import PictureRef

ORIGINS = frozenset(
    {
        "https://media.discordapp.net",
        "https://images-ext-1.discordapp.net",
        "https://images-ext-2.discordapp.net",
    }
)
"""Where Discord, beside the CDN that the library names, keeps what messages show. Nothing else is ever asked."""
TIMEOUT_S = 60.0
TRIES = 2
CHUNK = 64 * 1024


async def fetch(session: aiohttp.ClientSession, ref: PictureRef, limit: int) -> bytes:
    """Download the picture whose link is `ref.source`; at most `limit` bytes are read.

    Raises FileTooLarge above that, Gone when Discord no longer has it, does not give it, or it is elsewhere.
    """
    if not any(ref.source.startswith(f"{origin}/") for origin in {discord.Asset.BASE, *ORIGINS}):
        raise Gone(detail="not at Discord")
    trouble = ""
    for _ in range(TRIES):
        try:
            async with asyncio.timeout(TIMEOUT_S), session.get(ref.source, allow_redirects=False) as answer:
                if answer.status == 200:
                    return await _read(answer, ref, limit)
                trouble = f"answered {answer.status}"
                if answer.status < 500:
                    break
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            trouble = type(error).__name__
    raise Gone(detail=f"Discord's file server: {trouble}")


async def _read(answer: aiohttp.ClientResponse, ref: PictureRef, limit: int) -> bytes:
    too_large = FileTooLarge(name=ref.name, size=answer.content_length or ref.size, limit=limit // 1_000_000)
    if (answer.content_length or 0) > limit:
        raise too_large
    data = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > limit:
            raise too_large
    return bytes(data)
