"""What anybody with an account does with messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tests.support.discord.commands import Refused
from tests.support.discord.errors import Payload
from tests.support.discord.model import Message, Upload, User
from tests.support.discord.permissions import bits

if TYPE_CHECKING:
    from tests.support.discord.places import Channel
    from tests.support.discord.world import World


def upload(file: object) -> Upload:
    """Return what is sent for a file given as bytes (a PNG), as (name, bytes), or as an Upload."""
    if isinstance(file, bytes):
        return Upload("image.png", file)
    if isinstance(file, tuple):
        return Upload(*file)
    assert isinstance(file, Upload), file
    return file


class Account(User):
    """An account that writes messages."""

    def __init__(self, id: int, name: str, *, world: World, bot: bool = False) -> None:
        super().__init__(id, name, bot)
        self.world = world

    async def says(
        self,
        channel: Channel,
        text: str = "",
        *,
        mention: User | None = None,
        reply_to: Message | None = None,
        ping: bool = True,
        files: Iterable[Upload | bytes | tuple[str, bytes]] = (),
        embeds: Sequence[Payload] = (),
    ) -> Message:
        """Write a message; `ping`: the author of the message replied to is notified; `embeds`: previews of links."""
        self._needs(channel, "view_channel", "send_messages_in_threads" if channel.parent else "send_messages")
        uploads = [upload(each) for each in files]
        if uploads:
            self._needs(channel, "attach_files")
        if mention is not None:
            text = f"{mention.mention} {text}".rstrip()
        payload: Payload = {"content": text, "embeds": list(embeds)}
        if reply_to is not None and not ping:
            payload["allowed_mentions"] = {"parse": ["users", "roles", "everyone"], "replied_user": False}
        stored = self.world.upload(channel, uploads)
        return self.world.post(channel, self, payload, stored, reference=reply_to)

    async def forwards(self, message: Message, channel: Channel) -> Message:
        """Forward a message."""
        self._needs(channel, "view_channel", "send_messages_in_threads" if channel.parent else "send_messages")
        return self.world.post(channel, self, {}, forwarded=message)

    async def edits(self, message: Message, text: str) -> None:
        """Change the text of an own message."""
        assert message.author is self, f"{message} is not {self.name}'s"
        self.world.edit(message, {"content": text}, None)

    async def deletes(self, message: Message) -> None:
        """Delete a message, own or as a moderator; dismiss one that only this person sees."""
        if message.author is not self and message.ephemeral_to is not self:
            self._needs(message.channel, "manage_messages")
        self.world.delete(message)

    async def reacts(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        self._needs(message.channel, "view_channel", "read_message_history", "add_reactions")
        self.world.react(message, self, emoji)

    async def unreacts(self, message: Message, emoji: str) -> None:
        """Take a reaction back."""
        self.world.unreact(message, self, emoji)

    def sees(self, channel: Channel) -> list[Message]:
        """Return what this person sees in a channel, oldest first: also what is shown to nobody else."""
        return [each for each in channel.everything.values() if not each.deleted and each.ephemeral_to in (None, self)]

    def _needs(self, channel: Channel, *names: str) -> None:
        """Raise Refused without permission."""
        if channel.guild and self.id not in channel.guild.members:
            raise Refused(f"{self.name} is not in {channel.guild.name}")
        if channel.permissions(self) & bits(*names) != bits(*names):
            raise Refused(f"{self.name} lacks one of {names} in {channel}")
