"""What Easel may have to be allowed on Discord: asked for by the invite, looked at before a job is accepted."""

from __future__ import annotations

from collections.abc import Mapping

import discord

from adapters.discord.places import channel_id
from bot.i18n.marks import N_
from bot.types import Place

NAMES: Mapping[str, str] = {
    "view_channel": N_("View Channel"),
    "send_messages": N_("Send Messages"),
    "send_messages_in_threads": N_("Send Messages in Threads"),
    "attach_files": N_("Attach Files"),
    "read_message_history": N_("Read Message History"),
}
"""By discord.py's name, what Discord's own settings call it; in the order in which one needs the other."""

REQUIRED = discord.Permissions(**dict.fromkeys(NAMES, True))
"""Everything Easel asks for, and nothing more: to see the request, to answer it with pictures, to find its answers."""


def missing(permissions: discord.Permissions, *, thread: bool) -> str | None:
    """Return the first permission Easel lacks to answer somewhere, by Discord's name for it; None when it has all."""
    elsewhere = "send_messages" if thread else "send_messages_in_threads"
    return next((NAMES[name] for name in NAMES if name != elsewhere and not getattr(permissions, name)), None)


def lacking(client: discord.Client, place: Place, *, files: bool) -> str:
    """Return the permission that is most probably missing where Discord just refused a message.

    Discord does not say which; it is worked out from what the client knows of the channel, else guessed.
    """
    guild = None if place.direct else client.get_guild(int(place.server))
    channel = guild.get_channel_or_thread(channel_id(place)) if guild else None
    if guild is not None and channel is not None:
        try:
            found = missing(channel.permissions_for(guild.me), thread=place.thread is not None)
        except discord.ClientException:  # a thread whose channel the client does not know
            found = None
        if found is not None:
            return found
    if files:
        return NAMES["attach_files"]
    return NAMES["send_messages_in_threads" if place.thread else "send_messages"]
