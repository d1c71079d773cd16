"""A bot that does nothing by itself: a test takes the events its real discord.py client got, and acts through it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import discord
import pytest
from discord.abc import Messageable

from tests.support.discord.errors import Payload
from tests.support.discord.launch import connected, redirected
from tests.support.discord.people import Person
from tests.support.discord.places import Channel, Guild
from tests.support.discord.server import LocalDiscord, serving

COMMANDS: list[Payload] = [
    {
        "name": "imagine",
        "description": "Draws",
        "options": [
            {"type": 3, "name": "prompt", "description": "What", "required": True, "max_length": 1000},
            {"type": 11, "name": "image", "description": "A picture"},
            {"type": 4, "name": "count", "description": "How many", "min_value": 1, "max_value": 4},
            {"type": 3, "name": "model", "description": "With what", "autocomplete": True},
        ],
        "contexts": [0, 1],
        "integration_types": [0, 1],
    },
    {
        "name": "engine",
        "description": "Engines",
        "options": [
            {
                "type": 1,
                "name": "use",
                "description": "Choose one",
                "options": [{"type": 3, "name": "id", "description": "Which", "required": True}],
            }
        ],
        "contexts": [0],
    },
    {"name": "setup", "description": "Sets up", "default_member_permissions": 1 << 5, "contexts": [0]},
    {"name": "Edit this image", "type": 3, "contexts": [0, 1]},
]


class Probe(discord.Client):
    """Keeps what arrives until it is asked for."""

    def __init__(self, *, message_content: bool) -> None:
        intents = discord.Intents.default()
        intents.message_content = message_content
        super().__init__(intents=intents, guild_ready_timeout=0)
        self._messages: asyncio.Queue[discord.Message] = asyncio.Queue()
        self._interactions: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        self.seen: list[str] = []
        """Names of all gateway events, in order."""

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait the five seconds before identifying again."""

    async def on_message(self, message: discord.Message) -> None:
        self._messages.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self._interactions.put_nowait(interaction)

    async def on_socket_event_type(self, name: str) -> None:
        self.seen.append(name)

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        raise  # noqa: PLE0704 - discord.py calls this while it handles the error

    async def message(self) -> discord.Message:
        """Return the next message that arrived."""
        async with asyncio.timeout(20):
            return await self._messages.get()

    async def interaction(self) -> discord.Interaction:
        """Return the next interaction that arrived."""
        async with asyncio.timeout(20):
            return await self._interactions.get()

    def place(self, channel: Channel) -> Messageable:
        """Return the client's own object for a channel."""
        found = self.get_channel(channel.id) or self.get_partial_messageable(channel.id)
        assert isinstance(found, Messageable)
        return found


@dataclass(frozen=True)
class Scene:
    """A guild with one channel and one person, and the bot connected."""

    server: LocalDiscord
    bot: Probe
    guild: Guild
    channel: Channel
    ann: Person

    async def slash(self) -> discord.Interaction:
        """Let Ann use a command and return what the bot got."""
        await self.ann.slash(self.channel, "imagine", prompt="a fox")
        return await self.bot.interaction()

    @property
    def place(self) -> Messageable:
        """The channel, as the bot's client knows it."""
        return self.bot.place(self.channel)


async def refused(status: int, code: int, doing: Awaitable[object]) -> discord.HTTPException:
    """Check that Discord refuses what is being done, with this status and code of its own."""
    with pytest.raises(discord.HTTPException) as info:
        await doing
    assert (info.value.status, info.value.code) == (status, code), info.value
    return info.value


@asynccontextmanager
async def scene(*, message_content: bool = True, asks_content: bool | None = None) -> AsyncIterator[Scene]:
    """Set up a scene; `asks_content`: whether the client asks for the intent, by default if it may."""
    async with serving(message_content=message_content, check_answers=True) as server:
        guild = server.guild("Painters")
        channel, ann = guild.channel("general"), guild.member("Ann")
        with redirected(server):
            bot = Probe(message_content=message_content if asks_content is None else asks_content)
            async with connected(server, bot):
                await bot.wait_until_ready()
                assert bot.application_id is not None
                await bot.http.bulk_upsert_global_commands(bot.application_id, COMMANDS)
                yield Scene(server, bot, guild, channel, ann)
