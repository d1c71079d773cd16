"""Posting one message that is posted once: Discord returns the first one when the same nonce comes again."""

from __future__ import annotations

from collections.abc import Sequence

import discord

from adapters.discord.places import channel_id, channel_of
from adapters.discord.text import cut
from bot.types import MessageRef, Place


async def send(
    client: discord.Client,
    place: Place,
    content: str,
    *,
    nonce: str,
    view: discord.ui.View,
    reply_to: MessageRef | None,
    ping: Sequence[discord.abc.Snowflake] = (),
    ping_replied: bool = False,
    files: Sequence[discord.File] = (),
    silent: bool = False,
) -> discord.Message:
    """Post a message as a reply, or as it is if what it replies to is gone.

    `nonce` (at most 25 characters) is the same whenever the same thing is posted; Discord remembers it for some
    minutes. Nobody is pinged but the people in `ping` and, if asked for, the author of `reply_to`. Raises
    discord.HTTPException.
    """
    channel = channel_of(client, place)
    mentions = discord.AllowedMentions(everyone=False, roles=False, users=list(ping), replied_user=ping_replied)
    content = cut(content)
    if reply_to is None:
        return await channel.send(
            content, files=files, view=view, nonce=nonce, allowed_mentions=mentions, silent=silent
        )
    reference = discord.MessageReference(
        message_id=int(reply_to.id), channel_id=channel_id(reply_to.place), fail_if_not_exists=False
    )
    return await channel.send(
        content,
        files=files,
        view=view,
        nonce=nonce,
        reference=reference,
        allowed_mentions=mentions,
        silent=silent,
    )
