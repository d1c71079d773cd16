"""The bot in this process, on the local Discord, with an engine that does as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.platform import DiscordPlatform
from bot.app import Easel
from bot.config import load
from bot.db import schema
from bot.db.database import Database, Tx
from bot.engines import making
from bot.jobs import journal
from bot.jobs.records import from_row
from bot.process import Parts, assembled
from bot.types import Job, State
from tests.support.discord.launch import redirected
from tests.support.discord.model import Message
from tests.support.discord.people import Person
from tests.support.discord.places import Channel, Guild
from tests.support.discord.server import LocalDiscord
from tests.support.discord.server import serving as local_discord
from tests.support.engines import ScriptedEngine


@dataclass(frozen=True)
class DiscordBot:
    """A bot that serves Discord."""

    parts: Parts
    platform: DiscordPlatform
    engine: ScriptedEngine
    connection: asyncio.Task[None]
    """What serves; it ends only when something is wrong."""

    @property
    def easel(self) -> Easel:
        """The core."""
        return self.parts.easel

    async def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""

        def look(tx: Tx) -> list[Job]:
            return [from_row(row) for row in tx.execute(schema.jobs.select().order_by(schema.jobs.c.created))]

        return await self.parts.database.read(look)

    async def ended(self, job_id: str) -> Job:
        """Wait until the end of a job was told, and return it."""
        async with asyncio.timeout(20):
            while True:
                job = await self.parts.database.read(lambda tx: journal.get(tx, job_id))
                if job is not None and job.posted and job.state in (State.DELIVERED, State.FAILED, State.CANCELLED):
                    return job
                await asyncio.sleep(0.005)


@dataclass(frozen=True)
class Scene:
    """A local Discord with a guild, a channel and two people."""

    discord: LocalDiscord
    guild: Guild
    channel: Channel
    ann: Person
    bob: Person


@asynccontextmanager
async def scene(*, message_content: bool = True) -> AsyncIterator[Scene]:
    """Serve one; `message_content` is the switch in the developer portal."""
    async with local_discord(message_content=message_content) as discord:
        guild = discord.guild("Painters")
        yield Scene(discord, guild, guild.channel("general"), guild.member("Ann"), guild.member("Bob"))


@contextmanager
def stuck(database: Database) -> Iterator[asyncio.Event]:
    """Let the database hang until the event is set."""
    go_on = asyncio.Event()
    read, write = database.read, database.write

    def hanging(step: Any) -> Any:
        async def later(*args: Any) -> Any:
            await go_on.wait()
            return await step(*args)

        return later

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "read", hanging(read))
        patch.setattr(database, "write", hanging(write))
        try:
            yield go_on
        finally:
            go_on.set()


def finished(messages: list[Message]) -> list[Message]:
    """Return those with finished pictures; previews do not count."""
    return [each for each in messages if any(file.filename.startswith("easel-") for file in each.attachments)]


async def delivered(channel: Channel, after: Message | None = None) -> Message:
    """Wait for the first message with finished pictures, of those after `after`."""

    def look(messages: list[Message]) -> Message | None:
        return next((each for each in finished(messages) if after is None or each.id > after.id), None)

    found = await channel.until(look)
    assert found is not None
    return found


async def drawn(scene: Scene, bot: DiscordBot, **options: object) -> Message:
    """Let Ann have a picture of a fox, and wait until all is told."""
    await scene.ann.slash(scene.channel, "imagine", **({"prompt": "a fox", "size": "64x64"} | options))
    message = await delivered(scene.channel)
    for job in await bot.jobs():
        await bot.ended(job.id)
    return message


@asynccontextmanager
async def assembling(
    discord: LocalDiscord, folder: Path, engine: ScriptedEngine, **environ: str
) -> AsyncIterator[tuple[Parts, DiscordPlatform]]:
    """Put a bot together that is not started yet, and take it apart at the end."""
    settings = {
        "EASEL_DATA_DIR": str(folder),
        "EASEL_DISCORD__TOKEN": discord.token,
        "EASEL_ENGINES__DEMO__TYPE": "demo",
    }
    config = load(None, settings | environ)

    def make(easel: Easel, database: Database) -> DiscordPlatform:
        platform = DiscordPlatform(easel, config)
        platform.status_after_s = platform.status_every_s = 0.0
        return platform

    with pytest.MonkeyPatch.context() as patch, redirected(discord):
        patch.setattr(making, "TYPES", {**making.TYPES, "demo": making.Type(lambda *_: engine, slots=2)})
        async with assembled(config, {"discord": make}) as parts:
            platform = parts.platforms["discord"]
            assert isinstance(platform, DiscordPlatform)
            yield parts, platform


@asynccontextmanager
async def serving(
    discord: LocalDiscord, folder: Path, engine: ScriptedEngine | None = None, **environ: str
) -> AsyncIterator[DiscordBot]:
    """Serve Discord until the block ends; a second time with the same folder is a restart.

    Standings are shown as they come, without the pause that Discord itself needs.
    """
    engine = engine or ScriptedEngine()
    async with assembling(discord, folder, engine, **environ) as (parts, platform):
        await parts.worker.recover(everything=True)
        await platform.start()
        connection = asyncio.create_task(platform.run())
        tasks = [connection, asyncio.create_task(parts.worker.run()), asyncio.create_task(parts.courier.run())]
        try:
            await discord.gateway.connected()
            await discord.registered()
            yield DiscordBot(parts, platform, engine, connection)
        finally:
            await parts.worker.stop(0)
            await parts.courier.stop(1)
            connection.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
