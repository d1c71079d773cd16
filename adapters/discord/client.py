"""The connection to Discord: what Easel asks to hear, and what the library may remember."""

from __future__ import annotations

import discord
import structlog

from adapters.discord.global_limit import opened_when_cut_off

log = structlog.get_logger(__name__)


class EaselClient(discord.AutoShardedClient):
    """Hears messages and interactions; remembers neither messages nor members, and pings nobody unless told to."""

    def __init__(self, *, message_content: bool) -> None:
        """`message_content`: ask to read messages that are not for Easel, if the application may."""
        self._wanted = discord.Intents(
            guilds=True, guild_messages=True, dm_messages=True, message_content=message_content
        )
        # Easel never speaks: the library need not warn that it could not.
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
        super().__init__(
            intents=self._wanted,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        opened_when_cut_off(self.http)

    @property
    def reads_messages(self) -> bool:
        """Whether messages that are not for Easel arrive with their words and pictures."""
        return self._wanted.message_content

    async def setup_hook(self) -> None:
        """Do without message content where the application may not have it: asking for it would end the connection."""
        flags = self.application_flags
        if self._wanted.message_content and not (
            flags.gateway_message_content or flags.gateway_message_content_limited
        ):
            self._wanted.message_content = False  # the library identifies itself with this very object
            log.warning(
                "the message content intent is off, so replies without a ping and other people's pictures in replies "
                "cannot be read; it is a switch of the application, under Bot in Discord's developer portal"
            )
