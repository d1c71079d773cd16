"""Who is notified by a message (docs: "Allowed Mentions Object")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.discord.errors import Payload
from tests.support.discord.model import Pings, parts

if TYPE_CHECKING:
    from tests.support.discord.model import Message


def pings(message: Message, allowed: Payload | None, *, by_channel: bool) -> Pings:
    """Return whom a message notifies. Without `allowed`: everybody it names, or users only in an interaction's answer.

    Everyone and unmentionable roles also need the permission.
    """
    world, guild = message.channel.world, message.channel.guild
    if allowed is None:
        allowed = {"parse": ["users", "roles", "everyone"] if by_channel else ["users"], "replied_user": True}
    parse = allowed.get("parse") or []
    listed_users = {int(each) for each in allowed.get("users") or []}
    listed_roles = {int(each) for each in allowed.get("roles") or []}
    may = message.channel.may(message.author, "mention_everyone")
    text = "\n".join([message.content, *(part["content"] for part in parts(message.components) if part["type"] == 10)])
    users = [
        world.users[key]
        for key in dict.fromkeys(map(int, re.findall(r"<@!?([0-9]+)>", text)))
        if key in world.users and ("users" in parse or key in listed_users)
    ]
    roles = [
        guild.roles[key]
        for key in dict.fromkeys(map(int, re.findall(r"<@&([0-9]+)>", text)))
        if guild
        and key in guild.roles
        and ("roles" in parse or key in listed_roles)
        and (may or guild.roles[key].mentionable)
    ]
    everyone = may and "everyone" in parse and re.search(r"@(everyone|here)\b", text) is not None
    answered = message.reference.author if message.reference else None
    replied = answered if answered is not message.author and allowed.get("replied_user") else None
    return Pings(tuple(users), tuple(roles), everyone, replied)
