"""Everything there is on this Discord, and the few ways in which it changes."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tests.support.discord import visible, wire
from tests.support.discord.cdn import Cdn
from tests.support.discord.clock import Clock
from tests.support.discord.commands import Commands
from tests.support.discord.errors import Payload
from tests.support.discord.gateway import Gateway
from tests.support.discord.mentions import pings
from tests.support.discord.model import (
    COMPONENTS_V2,
    LOADING,
    SUPPRESS_EMBEDS,
    Attachment,
    Message,
    Upload,
    User,
    Version,
)
from tests.support.discord.people import Person
from tests.support.discord.places import Channel, Guild
from tests.support.discord.waiting import Changes

if TYPE_CHECKING:
    from tests.support.discord.interactions import Interaction

MESSAGE_CONTENT = 1 << 15


@dataclass(eq=False)
class Application:
    """The bot as its owner registered it."""

    id: int
    bot: User
    token: str
    intents: int
    """Privileged intents that are switched on in the developer portal, as bits."""
    commands: Commands = field(default_factory=Commands)

    @property
    def flags(self) -> int:
        """GATEWAY_PRESENCE_LIMITED, GATEWAY_GUILD_MEMBERS_LIMITED, GATEWAY_MESSAGE_CONTENT_LIMITED."""
        limited = {1 << 8: 1 << 13, 1 << 1: 1 << 15, MESSAGE_CONTENT: 1 << 19}
        return sum(flag for intent, flag in limited.items() if self.intents & intent)


class World:
    """The state of the server."""

    def __init__(self, *, intents: int) -> None:
        self.changes = Changes()
        self.clock = Clock(self.changes.tell)
        self.cdn = Cdn(self.clock)
        bot = User(self.clock.snowflake(), "Easel", bot=True)
        account = base64.urlsafe_b64encode(str(bot.id).encode()).decode().rstrip("=")
        token = f"{account}.{secrets.token_urlsafe(4)}.{secrets.token_urlsafe(28)}"
        self.application = Application(bot.id, bot, token, intents)
        self.users: dict[int, User] = {bot.id: bot}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.dms: dict[int, Channel] = {}
        self.closed_dms: set[int] = set()
        """Ids of people who take no direct messages."""
        self.interactions: dict[str, Interaction] = {}
        """By token."""
        self.gateway = Gateway(self)

    def person(self, name: str, *, locale: str = "en-US", bot: bool = False) -> Person:
        """Return a new account."""
        made = Person(self.clock.snowflake(), name, world=self, locale=locale, bot=bot)
        self.users[made.id] = made
        return made

    def dm(self, user: User) -> Channel:
        """Return the direct messages between somebody and the bot."""
        if user.id not in self.dms:
            self.dms[user.id] = Channel(self, f"@{user.name}", recipient=user)
        return self.dms[user.id]

    def tell(self, guild: Guild | None, event: str, data: Payload | Callable[[], Payload]) -> None:
        """Send an event about a guild the bot is in."""
        self.changes.tell()
        if guild is not None and guild.installed:
            self.gateway.dispatch(event, lambda _: data if isinstance(data, dict) else data(), guild)

    def post(
        self,
        channel: Channel,
        author: User,
        payload: Payload,
        files: Iterable[Attachment] = (),
        *,
        reference: Message | None = None,
        interaction: Interaction | None = None,
        ephemeral_to: User | None = None,
        forwarded: Message | None = None,
    ) -> Message:
        """Store a checked message and tell the bot of it."""
        message = Message(
            self.clock.snowflake(),
            channel,
            author,
            self.clock.now(),
            reference=reference,
            interaction=interaction,
            ephemeral_to=ephemeral_to,
            forwarded=forwarded,
            flags=payload.get("flags") or 0,
            nonce=str(payload["nonce"]) if payload.get("nonce") is not None else None,
        )
        self._fill(message, payload, list(files))
        message.mentions = pings(message, payload.get("allowed_mentions"), by_channel=interaction is None)
        message.pings = message.mentions
        channel.everything[message.id] = message
        self._tell_of(message, "MESSAGE_CREATE")
        return message

    def edit(self, message: Message, payload: Payload, files: list[Attachment] | None) -> None:
        """Change what is named; `files` are all files it has from now on, None leaves them."""
        before = Version(message.content, tuple(message.files), tuple(message.embeds), tuple(message.components))
        posted = message.loading  # what ends the "thinking" notifies as a new message does
        if not posted:
            message.edits.append(before)
            message.edited = self.clock.now()
        message.flags &= ~LOADING
        if payload.get("flags") is not None:
            message.flags = message.flags & ~SUPPRESS_EMBEDS | payload["flags"] & (SUPPRESS_EMBEDS | COMPONENTS_V2)
        self._fill(message, payload, files)
        if "content" in payload or "allowed_mentions" in payload:
            named = pings(message, payload.get("allowed_mentions"), by_channel=message.interaction is None)
            message.mentions = named if posted else replace(named, replied=message.mentions.replied)
            message.pings = named if posted else message.pings
        self._tell_of(message, "MESSAGE_UPDATE")

    def delete(self, message: Message) -> None:
        """Take a message away."""
        message.deleted = True
        data: Payload = {"id": str(message.id), "channel_id": str(message.channel.id)}
        if message.channel.guild:
            data["guild_id"] = str(message.channel.guild.id)
        self.changes.tell()
        self.gateway.dispatch("MESSAGE_DELETE", lambda _: data, message.channel.guild, message.channel)

    def upload(self, channel: Channel, uploads: Iterable[Upload], *, ephemeral: bool = False) -> list[Attachment]:
        """Store files sent to a channel."""
        return [
            self.cdn.store(channel.id, each.name, each.data, description=each.description, ephemeral=ephemeral)
            for each in uploads
        ]

    def cdn_upload(self, channel: Channel, upload: Upload) -> Attachment:
        """Store a file given with a command or a modal; such files are ephemeral."""
        return self.upload(channel, [upload], ephemeral=True)[0]

    def react(self, message: Message, user: User, emoji: str) -> None:
        """Add a reaction."""
        users = message.reactions.setdefault(emoji, [])
        if user not in users:
            users.append(user)
            self._tell_of_reaction(message, user, emoji, "MESSAGE_REACTION_ADD")

    def unreact(self, message: Message, user: User, emoji: str) -> None:
        """Take a reaction away."""
        if user in message.reactions.get(emoji, []):
            message.reactions[emoji].remove(user)
            if not message.reactions[emoji]:
                del message.reactions[emoji]
            self._tell_of_reaction(message, user, emoji, "MESSAGE_REACTION_REMOVE")

    def _tell_of_reaction(self, message: Message, user: User, emoji: str, event: str) -> None:
        guild = message.channel.guild
        data: Payload = {
            "user_id": str(user.id),
            "channel_id": str(message.channel.id),
            "message_id": str(message.id),
            "emoji": {"id": None, "name": emoji},
            "type": 0,
            "burst": False,
        }
        if event.endswith("ADD"):
            data["message_author_id"] = str(message.author.id)
        if guild:
            data["guild_id"] = str(guild.id)
            if event.endswith("ADD") and user.id in guild.members:
                data["member"] = wire.member(guild.members[user.id])
        self.changes.tell()
        self.gateway.dispatch(event, lambda _: data, guild, message.channel)

    def _fill(self, message: Message, payload: Payload, files: list[Attachment] | None) -> None:
        message.content = payload.get("content") or "" if "content" in payload else message.content
        message.components = payload.get("components") or [] if "components" in payload else message.components
        if "embeds" in payload:
            message.embeds = [{"type": "rich", **each} for each in payload["embeds"] or []]
        if files is not None:
            message.files = files

    def _tell_of(self, message: Message, event: str) -> None:
        self.changes.tell()

        def seen(intents: int) -> Payload:
            found = visible.event(message, whole=bool(intents & MESSAGE_CONTENT))
            new = event == "MESSAGE_CREATE" and message.nonce is not None
            return found | ({"nonce": message.nonce} if new else {})

        self.gateway.dispatch(event, seen, message.channel.guild, message.channel)

    @property
    def reads_content(self) -> bool:
        """Whether REST shows the bot the content of all messages: as the portal's switch says."""
        return bool(self.application.intents & MESSAGE_CONTENT)
