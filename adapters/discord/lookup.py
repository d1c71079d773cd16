"""Finding what Easel posted earlier, from the messages themselves: file names and custom ids carry the job's id."""

from __future__ import annotations

from collections.abc import AsyncIterator

import discord

from adapters.discord import ids
from adapters.discord.ids import Action
from adapters.discord.places import channel_of
from bot.types import Job

LOOKED_THROUGH = 3000
"""Messages since the request that are looked through at most for its end, the newest first."""
SOON = 200
"""Messages after the request among which its status message is."""
SKEW_S = 600.0
"""How far the database's clock may be off from Discord's."""


async def parts(client: discord.Client, job: Job, count: int) -> dict[int, int]:
    """Return which of a job's `count` pictures are posted: message id by position."""
    found: dict[int, int] = {}
    async for message in _own_messages(client, job, LOOKED_THROUGH):
        found |= dict.fromkeys(positions(message, job.id), message.id)
        if len(found) >= count:
            break
    return found


async def reason(client: discord.Client, job: Job) -> int | None:
    """Return the id of the message that says why a job ended without pictures."""
    return await _with_button("again", job, _own_messages(client, job, LOOKED_THROUGH))


async def status(client: discord.Client, job: Job) -> int | None:
    """Return the id of the message that shows how a job stands."""
    return await _with_button("cancel", job, _own_messages(client, job, SOON, oldest_first=True))


def positions(message: discord.Message, job_id: str) -> list[int]:
    """Return which of a job's pictures a message of Easel's shows."""
    named = (ids.parse_file_name(each.filename) for each in message.attachments)
    return [each[1] for each in named if each is not None and each[0] == job_id]


async def _with_button(action: Action, job: Job, messages: AsyncIterator[discord.Message]) -> int | None:
    """Return the id of the first message with this button of a job, and none of its pictures."""
    wanted = ids.button(action, job.id)
    async for message in messages:
        rows = (row for row in message.components if isinstance(row, discord.ActionRow))
        if not positions(message, job.id) and any(child.custom_id == wanted for row in rows for child in row.children):
            return message.id
    return None


async def _own_messages(
    client: discord.Client, job: Job, limit: int, *, oldest_first: bool = False
) -> AsyncIterator[discord.Message]:
    """Yield Easel's messages among `limit` after a job's request. Raises discord.HTTPException."""
    assert client.user is not None
    after = discord.Object(_since(job))
    async for message in channel_of(client, job.place).history(limit=limit, after=after, oldest_first=oldest_first):
        if message.author.id == client.user.id:
            yield message


def _since(job: Job) -> int:
    """Return an id that is lower than those of all answers to a job: by Discord's own clock where possible."""
    if job.message is not None:
        return int(job.message.id)
    return max(0, int((job.created - SKEW_S) * 1000) - discord.utils.DISCORD_EPOCH) << 22
