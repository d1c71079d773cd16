"""Where on Discord a place is: channels by their ids, so that everything works without a cache and after a restart."""

from __future__ import annotations

import discord

from bot.types import Place


def channel_id(place: Place) -> int:
    """Return the id of the channel, thread or direct conversation where messages of a place are."""
    return int(place.thread or place.channel)


def channel_of(client: discord.Client, place: Place) -> discord.PartialMessageable:
    """Return the channel of a place, whether the client has heard of it or not."""
    guild = None if place.direct else int(place.server)
    return client.get_partial_messageable(channel_id(place), guild_id=guild)
