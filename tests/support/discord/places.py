"""Guilds and channels: what is in them, who may do what, and waiting for what is said there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tests.support.discord import wire
from tests.support.discord.model import Member, Message, Role, User
from tests.support.discord.permissions import ALL, ORDINARY, bits, effective, has
from tests.support.discord.waiting import WAIT_S

if TYPE_CHECKING:
    from tests.support.discord.people import Person
    from tests.support.discord.world import World

T = TypeVar("T")

TEXT, DM, THREAD = 0, 1, 11
MIB = 1 << 20


class Channel:
    """A text channel, a thread (`parent` is set) or a DM (`guild` is None)."""

    def __init__(
        self,
        world: World,
        name: str,
        *,
        guild: Guild | None = None,
        parent: Channel | None = None,
        recipient: User | None = None,
        nsfw: bool = False,
    ) -> None:
        self.world = world
        self.id = world.clock.snowflake()
        self.name = name
        self.guild = guild
        self.parent = parent
        self.recipient = recipient
        self.nsfw = nsfw
        self.overwrites: dict[int, tuple[int, int]] = {}
        """Permissions (allowed, denied) by id of user or role."""
        self.everything: dict[int, Message] = {}
        """All messages ever, with deleted and ephemeral ones."""
        self.typing = 0
        """How often the bot said that it types."""
        self._looked_at = 0
        world.channels[self.id] = self

    @property
    def type(self) -> int:
        """Discord's number for the kind of channel."""
        if self.guild is None:
            return DM
        return THREAD if self.parent else TEXT

    @property
    def mention(self) -> str:
        """What to write to link to it."""
        return f"<#{self.id}>"

    @property
    def upload_limit(self) -> int:
        """Bytes a file may have here."""
        return self.guild.upload_limit if self.guild else 10 * MIB

    @property
    def messages(self) -> list[Message]:
        """What everybody sees here, oldest first: without deleted and ephemeral messages."""
        return [each for each in self.everything.values() if not each.deleted and not each.ephemeral_to]

    def permissions(self, user: User) -> int:
        """What somebody may do here, as bits; in a DM everything ordinary."""
        if self.guild is None:
            return bits(*ORDINARY)
        return self.guild.permissions(user, self.parent or self)

    def may(self, user: User, name: str) -> bool:
        """Tell whether somebody has a permission here."""
        return has(self.permissions(user), name)

    def deny(self, who: User | Role, *names: str) -> None:
        """Take permissions away here, by an overwrite."""
        allowed, denied = self.overwrites.get(who.id, (0, 0))
        self.overwrites[who.id] = (allowed & ~bits(*names), denied | bits(*names))
        self.world.tell(self.guild, "CHANNEL_UPDATE", wire.channel(self))

    def allow(self, who: User | Role, *names: str) -> None:
        """Give permissions here, by an overwrite."""
        allowed, denied = self.overwrites.get(who.id, (0, 0))
        self.overwrites[who.id] = (allowed | bits(*names), denied & ~bits(*names))
        self.world.tell(self.guild, "CHANNEL_UPDATE", wire.channel(self))

    def delete(self) -> None:
        """Delete it with everything in it, threads too."""
        assert self.guild, "direct messages stay"
        for each in list(self.guild.channels.values()):
            if self in (each, each.parent):
                self.guild.channels.pop(each.id)
                self.world.channels.pop(each.id)
        self.world.tell(self.guild, "THREAD_DELETE" if self.parent else "CHANNEL_DELETE", wire.channel(self))

    async def until(self, look: Callable[[list[Message]], T], timeout: float = WAIT_S) -> T:
        """Return what `look(messages)` returns once that is true."""
        return await self.world.changes.until(lambda: look(self.messages), self._told, timeout)

    async def next_message(
        self, by: User | None = None, *, after: Message | None = None, timeout: float = WAIT_S
    ) -> Message:
        """Return the first message that no earlier call returned or passed over, once it is there.

        Acknowledgements that are still "thinking" are not looked at. With `after`, the first one after that message.
        """
        start = after.id if after else self._looked_at

        def look() -> Message | None:
            for each in self.messages:
                if each.id > start and not each.loading and by in (None, each.author):
                    return each
            return None

        message = await self.world.changes.until(look, self._told, timeout)
        assert message is not None
        self._looked_at = max(self._looked_at, message.id)
        return message

    def _told(self) -> str:
        lines = [f"  {each}" for each in self.everything.values()]
        return "\n".join([f"{self} holds:", *lines] if lines else [f"{self} is empty"])

    def __str__(self) -> str:
        return f"#{self.name}" if self.guild else self.name


class Guild:
    """A guild. `upload_limit` is in bytes per file."""

    def __init__(self, world: World, name: str, *, installed: bool = True, locale: str = "en-US") -> None:
        self.world = world
        self.id = world.clock.snowflake()
        self.name = name
        self.installed = installed
        """Whether the bot is a member; without, only people who installed the app for themselves use it here."""
        self.locale = locale
        self.upload_limit = 10 * MIB
        self.overridden: set[str] = set()
        """Commands an admin opened to everybody, whatever permission they ask for by default."""
        self.everyone = Role(self.id, "@everyone", bits(*ORDINARY))
        self.roles: dict[int, Role] = {self.id: self.everyone}
        self.members: dict[int, Member] = {}
        self.channels: dict[int, Channel] = {}
        self.owner = User(world.clock.snowflake(), f"Owner of {name}")
        world.users[self.owner.id] = self.owner
        self.join(self.owner)
        if installed:
            self.join(world.application.bot)
        world.guilds[self.id] = self
        world.tell(self, "GUILD_CREATE", lambda: wire.guild(self))

    def channel(self, name: str, *, nsfw: bool = False) -> Channel:
        """Return the text channel of that name; it is made at first."""
        for each in self.channels.values():
            if each.name == name and not each.parent:
                return each
        made = Channel(self.world, name, guild=self, nsfw=nsfw)
        self.channels[made.id] = made
        self.world.tell(self, "CHANNEL_CREATE", wire.channel(made))
        return made

    def thread(self, parent: Channel, name: str) -> Channel:
        """Open a public thread."""
        made = Channel(self.world, name, guild=self, parent=parent)
        self.channels[made.id] = made
        self.world.tell(self, "THREAD_CREATE", wire.channel(made))
        return made

    def role(self, name: str, *permissions: str, mentionable: bool = False) -> Role:
        """Make a role."""
        made = Role(self.world.clock.snowflake(), name, bits(*permissions), mentionable)
        self.roles[made.id] = made
        self.world.tell(self, "GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": wire.role(made, len(self.roles))})
        return made

    def member(
        self, name: str, *permissions: str, roles: tuple[Role, ...] = (), locale: str = "en-US", bot: bool = False
    ) -> Person:
        """Return a new person who is a member, with permissions beyond those of everybody."""
        person = self.world.person(name, locale=locale, bot=bot)
        self.join(person, *roles, *([self.role(f"{name}'s", *permissions)] if permissions else []))
        return person

    def join(self, user: User, *roles: Role) -> Member:
        """Make somebody a member, or give a member more roles."""
        member = self.members.setdefault(user.id, Member(user, self, [], self.world.clock.now()))
        member.roles.extend(roles)
        if user is self.world.application.bot and roles:  # told to the bot itself without any intent
            self.world.tell(self, "GUILD_MEMBER_UPDATE", wire.member(member) | {"guild_id": str(self.id)})
        return member

    def deny(self, *names: str) -> None:
        """Take permissions away from everybody, in all channels."""
        self.everyone.permissions &= ~bits(*names)
        self.world.tell(self, "GUILD_ROLE_UPDATE", {"guild_id": str(self.id), "role": wire.role(self.everyone)})

    def permissions(self, user: User, channel: Channel | None = None) -> int:
        """What somebody may do here, or in a channel, as bits."""
        if user is self.owner:
            return ALL
        member = self.members.get(user.id)
        roles = member.roles if member else []
        base = self.everyone.permissions
        allowed = denied = 0
        for role in roles:
            base |= role.permissions
            more, less = channel.overwrites.get(role.id, (0, 0)) if channel else (0, 0)
            allowed, denied = allowed | more, denied | less
        nothing = (0, 0)
        over = channel.overwrites if channel else {}
        return effective(base, over.get(self.id, nothing), (allowed, denied), over.get(user.id, nothing))

    def remove_bot(self) -> None:
        """Kick the bot out."""
        self.installed = False
        self.members.pop(self.world.application.bot.id)
        self.world.gateway.dispatch("GUILD_DELETE", lambda _: {"id": str(self.id)}, self)

    def outage(self) -> None:
        """Let the guild become unavailable, as in an outage of Discord's."""
        self.world.gateway.dispatch("GUILD_DELETE", lambda _: {"id": str(self.id), "unavailable": True}, self)

    def recover(self) -> None:
        """End the outage."""
        self.world.tell(self, "GUILD_CREATE", lambda: wire.guild(self))
