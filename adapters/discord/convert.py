"""What comes from Discord, as the core's values. No other module of this adapter reads messages and interactions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import discord

from adapters.discord import ids
from bot.types import Author, Person, PictureRef, Place

Called = Literal["direct", "mention", "reply"]
"""How a message calls Easel: in a direct conversation, by its name, or as a reply to a message of Easel's."""

_IMAGE_ENDINGS = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic"}
)
_EMOJI = re.compile(r"<a?:(\w{2,32}):[0-9]{1,20}>")
_MENTION = re.compile(r"<(@!?|@&|#)([0-9]{1,20})>")
_BEFORE_WORDS = " \t\n,.:;!，。：；！、"
"""What people put between Easel's name and what they want."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that a message shows."""

    ref: PictureRef
    made: tuple[str, int] | None = None
    """Of a picture Easel delivered: the job, and its place among the job's pictures, counted from 0."""


# ── who and where ───────────────────────────────────────────────────────────────────────────────────────────────────


def key(event: discord.Message | discord.Interaction) -> str:
    """Return the idempotency key of a request."""
    return f"discord:{event.id}"


def asker(interaction: discord.Interaction) -> Person:
    """Return who did it, with the rights they have in that channel."""
    rights = interaction.permissions
    return Person(
        "discord",
        str(interaction.user.id),
        name=interaction.user.display_name,
        locale=interaction.locale.value,
        admin=rights.manage_guild,
        moderator=rights.manage_messages,
    )


def author(message: discord.Message, locale: str | None) -> Person:
    """Return who wrote a message; Discord does not say in which language they read, so that is given."""
    member = message.author if isinstance(message.author, discord.Member) else None
    rights = member.guild_permissions if member else discord.Permissions.none()
    return Person(
        "discord",
        str(message.author.id),
        name=message.author.display_name,
        locale=locale,
        admin=rights.manage_guild,
        moderator=rights.manage_messages,
    )


def place(event: discord.Message | discord.Interaction) -> Place:
    """Return where it happened: guild, channel and thread; of a direct conversation its own id twice."""
    channel = event.channel
    assert channel is not None, "Discord always says in which channel something happened"
    guild = event.guild_id if isinstance(event, discord.Interaction) else event.guild.id if event.guild else None
    if guild is None:  # `called` lets no other messages through
        return Place("discord", str(channel.id), str(channel.id), direct=True)
    if isinstance(channel, discord.Thread):
        return Place("discord", str(guild), str(channel.parent_id), thread=str(channel.id))
    return Place("discord", str(guild), str(channel.id))


def in_thread(interaction: discord.Interaction) -> bool:
    """Tell whether it happened in a thread, where other permissions count."""
    return isinstance(interaction.channel, discord.Thread)


# ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────


def called(message: discord.Message, me: discord.ClientUser) -> Called | None:
    """Return how a message calls Easel; None when it is not for Easel, or nothing a person said."""
    ordinary = message.type in (discord.MessageType.default, discord.MessageType.reply)
    if message.author.bot or message.webhook_id is not None or not ordinary:
        return None
    if isinstance(message.channel, discord.DMChannel):
        return "direct"
    if message.guild is None:  # of a guild that the client has not heard of yet
        return None
    named = any(mention in message.content for mention in _mentions(message, me))
    replied = replied_to(message)
    if isinstance(replied, discord.Message) and written_by(replied, me) == "easel":
        # Without words it is a sticker, or one whose words may not be read: nothing asked of Easel.
        return "reply" if named or message.content.strip() or message.attachments else None
    return "mention" if named or me.id in [each.id for each in message.mentions] else None


def written_by(message: discord.Message, me: discord.ClientUser) -> Author:
    """Return whether Easel wrote a message itself."""
    return "easel" if message.author.id == me.id else "other"


def replied_to(message: discord.Message) -> discord.Message | int | None:
    """Return the message this one replies to, or its id where Discord did not send it along; None when it is no reply.

    A forwarded message refers to another one too, and is no reply.
    """
    reference = message.reference
    if reference is None or reference.type is not discord.MessageReferenceType.reply:
        return None
    match reference.resolved:
        case discord.Message() as found:
            return found
        case None:
            return reference.message_id
        case _:  # deleted
            return None


def words(message: discord.Message, me: discord.ClientUser) -> str:
    """Return what a person wrote, without calling Easel's name and with others' names instead of their ids."""
    names = {f"@{each.id}": f"@{each.display_name}" for each in message.mentions}
    names |= {f"@&{each.id}": f"@{each.name}" for each in message.role_mentions}
    names |= {f"#{each.id}": f"#{each.name}" for each in message.channel_mentions}
    text = message.content
    for mention in _mentions(message, me):
        text = text.replace(mention, " ")
    return plain(text, names).strip().lstrip(_BEFORE_WORDS)


def plain(text: str, names: Mapping[str, str] = {}) -> str:
    """Return text with words where Discord shows emoji and mentions; `names` by what stands in the mention."""
    text = _EMOJI.sub(r"\1", text)
    return _MENTION.sub(lambda found: names.get(found[1].rstrip("!") + found[2], ""), text)


def unreadable(message: discord.Message) -> bool:
    """Tell whether nothing of a message arrived: what it shows may not be read."""
    return not (
        message.content
        or message.attachments
        or message.embeds
        or message.components
        or message.stickers
        or message.message_snapshots
        or message.poll
    )


def _mentions(message: discord.Message, me: discord.ClientUser) -> Iterator[str]:
    """Yield the ways to mention Easel: itself, and the role it was given when it was invited."""
    yield f"<@{me.id}>"
    yield f"<@!{me.id}>"
    role = message.guild.self_role if message.guild else None
    if role is not None:
        yield f"<@&{role.id}>"


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────────


def given(message: discord.Message) -> tuple[PictureRef, ...]:
    """Return what a person sent along: a forwarded message's pictures, stickers, and all files.

    Of a file that is no picture they are told later. Links are not among them: what they show comes later, if at all.
    """
    forwarded = [each for snapshot in message.message_snapshots for each in _pictures(snapshot)]
    return _distinct([*map(attachment, message.attachments), *forwarded, *_stickers(message.stickers)])


def shown(message: discord.Message, me: discord.ClientUser) -> tuple[Shown, ...]:
    """Return all that shows as a picture in a message: attachments, forwarded ones, embeds, galleries, stickers.

    Of Easel's own messages only finished pictures, not the previews while they are drawn.
    """
    forwarded = (each for snapshot in message.message_snapshots for each in _pictures(snapshot))
    found = _distinct([*_pictures(message), *forwarded])
    if written_by(message, me) == "other":
        return tuple(map(Shown, found))
    return tuple(Shown(each, made) for each in found if (made := ids.parse_file_name(each.name)) is not None)


def attachment(of: discord.Attachment) -> PictureRef:
    """Return how to fetch an attachment: its original bytes."""
    return PictureRef(of.url, name=of.filename, size=of.size)


def _pictures(message: discord.Message | discord.MessageSnapshot) -> Iterator[PictureRef]:
    yield from (attachment(each) for each in message.attachments if _is_picture(each))
    for embed in message.embeds:
        for media in (embed.image, embed.thumbnail):
            # Discord's own copy: Easel fetches nothing from strangers.
            if media.proxy_url:
                yield PictureRef(media.proxy_url, name=_name(media.url or media.proxy_url))
                break
    for item in _media(message.components):
        if (item.content_type or "image/").startswith("image/"):
            yield PictureRef(item.proxy_url or item.url, name=_name(item.url))
    yield from _stickers(message.stickers)


def _media(components: Iterable[discord.Component]) -> Iterator[discord.UnfurledMediaItem]:
    """Yield the media of a message that is laid out with components."""
    for component in components:
        match component:
            case discord.MediaGalleryComponent():
                yield from (item.media for item in component.items)
            case discord.ThumbnailComponent() | discord.FileComponent():
                yield component.media
            case discord.SectionComponent():
                yield from _media([component.accessory])
            case discord.Container():
                yield from _media(component.children)


def _stickers(stickers: Sequence[discord.StickerItem]) -> Iterator[PictureRef]:
    for each in stickers:
        if each.format is not discord.StickerFormatType.lottie:  # a drawing instruction, not a picture
            yield PictureRef(each.url, name=_name(each.url))


def _is_picture(file: discord.Attachment) -> bool:
    """Guess by what Discord says of a file; its content is looked at later."""
    ending = PurePosixPath(file.filename.lower()).suffix
    return (file.content_type or "").startswith("image/") or ending in _IMAGE_ENDINGS


def _name(url: str) -> str:
    return PurePosixPath(url.partition("?")[0]).name


def _distinct(found: Iterable[PictureRef]) -> tuple[PictureRef, ...]:
    return tuple({each.source: each for each in found}.values())


# ── forms ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def fields(interaction: discord.Interaction) -> dict[str, str]:
    """Return what was entered into a form: by a field's custom id its text, or the first choice."""
    data: Mapping[str, Any] = {**(interaction.data or {})}
    return dict(_fields(data.get("components", ())))


def _fields(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        yield from _fields(component.get("components", ()))
        if "component" in component:
            yield from _fields([component["component"]])
        entered = component.get("value") or next(iter(component.get("values") or ()), None)
        if entered is not None and "custom_id" in component:
            yield component["custom_id"], entered
