"""Messages in JSON as Discord writes it, and what of them the bot gets to see."""

from __future__ import annotations

from tests.support.discord import media
from tests.support.discord.clock import iso
from tests.support.discord.errors import Payload
from tests.support.discord.model import Message, User
from tests.support.discord.wire import member, user

REPLY, SLASH, MENU = 19, 20, 23
SNAPSHOT = (
    "type",
    "content",
    "attachments",
    "embeds",
    "components",
    "mentions",
    "mention_roles",
    "timestamp",
    "edited_timestamp",
    "flags",
)


def readable(each: Message, bot: User) -> bool:
    """Tell whether the bot gets a message's content without the message content intent.

    It does in DMs, of its own messages, and of messages that mention it. A ping by replying counts only when the
    answered message is an ordinary one, not the response to an interaction (discord-api-docs#5395).
    """
    if each.channel.guild is None or each.author is bot or bot in each.mentions.users:
        return True
    return each.mentions.replied is bot and each.reference is not None and each.reference.interaction is None


def message(each: Message, *, whole: bool, nested: bool = False) -> Payload:
    """A message object; contents are left out unless `whole` or otherwise readable for the bot.

    The message it replies to is in it (`referenced_message`), but not the one that one replies to.
    """
    world = each.channel.world
    show = whole or readable(each, world.application.bot)
    found: Payload = {
        "id": str(each.id),
        "channel_id": str(each.channel.id),
        "type": _type(each),
        "author": user(each.author),
        "content": each.content if show else "",
        "attachments": [world.cdn.attachment(one) for one in each.attachments] if show else [],
        "embeds": media.embeds(each.embeds, each.files, world.cdn) if show else [],
        "components": media.components(each.components, each.files, world.cdn) if show else [],
        "mentions": [user(one) for one in each.mentions.people],
        "mention_roles": [str(one.id) for one in each.mentions.roles],
        "mention_everyone": each.mentions.everyone,
        "timestamp": iso(each.created),
        "edited_timestamp": iso(each.edited) if each.edited else None,
        "flags": each.flags,
        "pinned": False,
        "tts": False,
    }
    if each.reactions:
        found["reactions"] = [_reaction(emoji, users, world.application.bot) for emoji, users in each.reactions.items()]
    if each.interaction:
        found |= each.interaction.metadata() | {"webhook_id": str(world.application.id)}
        found["application_id"] = str(world.application.id)
    if each.reference:
        found["message_reference"] = reference(each.reference, 0)
        if not nested:
            gone = each.reference.deleted
            found["referenced_message"] = None if gone else message(each.reference, whole=whole, nested=True)
    if each.forwarded:
        found["message_reference"] = reference(each.forwarded, 1)
        found["message_snapshots"] = [{"message": snapshot(each.forwarded)}] if show else []
    return found


def _type(each: Message) -> int:
    if each.interaction:
        return each.interaction.message_type
    return REPLY if each.reference else 0


def _reaction(emoji: str, users: list[User], bot: User) -> Payload:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "burst_colors": [],
        "me": bot in users,
        "me_burst": False,
    }


def reference(each: Message, kind: int) -> Payload:
    """A message_reference to a message: 0 reply, 1 forward."""
    found: Payload = {"type": kind, "channel_id": str(each.channel.id), "message_id": str(each.id)}
    return found | {"guild_id": str(each.channel.guild.id)} if each.channel.guild else found


def snapshot(each: Message) -> Payload:
    """What a forward shows of a message: no author."""
    full = message(each, whole=True)
    return {name: full[name] for name in SNAPSHOT}


def event(each: Message, *, whole: bool) -> Payload:
    """A message as its gateway events carry it. Ephemeral ones come without the guild."""
    found = message(each, whole=whole) | {"channel_type": each.channel.type}
    guild_ = each.channel.guild
    if guild_ and not each.ephemeral_to:
        found["guild_id"] = str(guild_.id)
        if each.author.id in guild_.members:
            found["member"] = member(guild_.members[each.author.id], with_user=False)
        found["mentions"] = [
            user(one)
            | ({"member": member(guild_.members[one.id], with_user=False)} if one.id in guild_.members else {})
            for one in each.mentions.people
        ]
    return found
