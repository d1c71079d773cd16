"""What Easel posts on Discord, with everything around it real: its library, its core and a local Discord."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from discord import Client, Interaction, app_commands

from adapters.discord import status
from adapters.discord.client import EaselClient
from adapters.discord.deliver import Deliverer
from adapters.discord.status import StatusMessages
from bot.answers import Button, Delivery, Status
from bot.app import Easel
from bot.config import load
from bot.db import pictures
from bot.db.database import Tx
from bot.jobs import journal
from bot.process import Parts, assembled
from bot.types import Job, MessageRef, Person, Picture, Place, Plan, State, new_id
from tests.support.discord.launch import connected, redirected
from tests.support.discord.model import Message
from tests.support.discord.people import Person as Member
from tests.support.discord.places import Channel, Guild
from tests.support.discord.server import LocalDiscord, serving
from tests.support.engines import png

BUTTONS: tuple[Button, ...] = ("again", "edit", "details", "delete")
POST = "POST /channels/*/messages"
EDIT = "PATCH /channels/*/messages/*"
DELETE = "DELETE /channels/*/messages/*"


@dataclass
class Answers:
    """One process life of Easel on Discord, without its ears."""

    discord: LocalDiscord
    parts: Parts
    client: EaselClient
    statuses: StatusMessages
    deliverer: Deliverer
    guild: Guild
    channel: Channel
    ann: Member
    commands: asyncio.Queue[Interaction[Client]] = field(default_factory=asyncio.Queue)
    """Commands that were deferred."""

    @property
    def easel(self) -> Easel:
        """The core."""
        return self.parts.easel

    def another_life(self) -> Answers:
        """Return the same as after a restart: nothing is remembered but what the database and Discord hold."""
        statuses = StatusMessages(self.client, self.easel)
        return replace(self, statuses=statuses, deliverer=Deliverer(self.client, self.easel, statuses))

    # ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def job(
        self,
        asked: Message | None = None,
        *,
        pictures: Sequence[bytes] = (),
        own: bool = False,
        prompt: str = "a red fox",
        **more: Any,
    ) -> Job:
        """Store a job that Ann asked for in a message, with the pictures that were drawn for it."""
        asked = asked or await self.ann.says(self.channel, "draw a fox", mention=self.discord.bot)
        place = place_of(asked.channel)
        made = Job(
            id=new_id(),
            state=State.POSTING if pictures else State.FAILED,
            person=Person("discord", str(self.ann.id), name=self.ann.name),
            place=place,
            message=MessageRef(place, str(asked.id), own=own),
            language="en",
            plan=Plan("generate", "demo", prompt, max(1, len(pictures)), 8, 8, metadata=False),
            parent=None,
            created=0,
        )
        made = replace(made, **more)

        def step(tx: Tx) -> Job:
            stored = journal.add(tx, made, made.id)
            for data in pictures:
                self._add_picture(tx, stored, data)
            return stored

        return await self.parts.database.write(step)

    def _add_picture(self, tx: Tx, job: Job, data: bytes) -> None:
        mime = "image/png" if data.startswith(b"\x89PNG") else "image/webp"
        made = Picture(new_id(), mime, 8, 8, len(data))
        pictures.add(tx, made, data, person=job.person.key, platform="discord", job=job.id)
        before = pictures.of_job(tx, job.id, "result")
        pictures.link(tx, job.id, "result", (made.id,), start=len(before))

    async def stored(self, job: Job) -> Job:
        """Return a job as the database has it now."""
        found = await self.parts.database.read(lambda tx: journal.get(tx, job.id))
        assert found is not None
        return found

    async def delivery(self, job: Job, text: str = "There you go.", **more: Any) -> Delivery:
        """Return what the courier would hand over."""
        found = await self.parts.database.read(lambda tx: pictures.of_job(tx, job.id, "result"))
        made = Delivery(
            job, found, text, alt=job.plan.prompt if found else "", buttons=BUTTONS if found else ("again",)
        )
        return replace(made, **more)

    async def shows(self, job: Job, text: str, preview: bytes | None = None) -> None:
        """Let the core tell how a job stands."""
        await self.statuses.show(Status(job, text, preview=preview))

    async def command(self) -> Message:
        """Let Ann use a command, defer it in public, and return the response, which “thinks”. Needs a connection."""
        used = await self.ann.slash(self.channel, "imagine", prompt="a red fox")
        interaction = await self.commands.get()
        assert used.original is not None
        self.statuses.deferred(used.original.id, interaction)
        return used.original

    # ── what is seen ────────────────────────────────────────────────────────────────────────────────────────────

    def answers(self, channel: Channel | None = None) -> list[Message]:
        """Return what Easel says in a channel, as everybody sees it now."""
        return [each for each in (channel or self.channel).messages if each.author is self.discord.bot]

    def asked(self, route: str) -> int:
        """Return how many requests of a route Discord got, for example "PATCH /channels/{channel_id}/messages/…"."""
        return sum(each.route.startswith(route) for each in self.discord.rest.requests)


def place_of(channel: Channel) -> Place:
    """Return the place a channel of the local Discord is."""
    if channel.guild is None:
        return Place("discord", str(channel.id), str(channel.id), direct=True)
    thread = str(channel.id) if channel.parent else None
    return Place("discord", str(channel.guild.id), str((channel.parent or channel).id), thread)


@asynccontextmanager
async def answering(folder: Path, *, online: bool = False) -> AsyncIterator[Answers]:
    """Log in to a local Discord with a guild, a channel and Ann; `online`: also connect, so that guilds are known.

    Status messages are waited for, however slow the machine is.
    """
    environ = {"EASEL_DATA_DIR": str(folder), "EASEL_ENGINES__DEMO__TYPE": "demo", "EASEL_DISCORD__TOKEN": "local"}
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("PATIENCE_S", "QUIET_S", "END_S"):
            patch.setattr(status, name, 60.0)
        server = await stack.enter_async_context(serving())
        stack.enter_context(redirected(server))
        guild = server.guild("Painters")
        channel = guild.channel("general")
        ann = guild.member("Ann")
        parts = await stack.enter_async_context(assembled(load(None, environ), {}))
        client = EaselClient(message_content=True)
        commands: asyncio.Queue[Interaction[Client]] = asyncio.Queue()
        if online:
            tree = app_commands.CommandTree[Client](client)

            @tree.command(description="Draw a picture.")
            async def imagine(interaction: Interaction[Client], prompt: str) -> None:
                await interaction.response.defer(thinking=True)
                commands.put_nowait(interaction)

            await stack.enter_async_context(connected(server, client))
            await tree.sync()
            await happens(lambda: client.get_guild(guild.id))
        else:
            stack.push_async_callback(client.close)
            await client.login(server.token)
        statuses = StatusMessages(client, parts.easel)
        stack.push_async_callback(statuses.aclose)
        deliverer = Deliverer(client, parts.easel, statuses)
        yield Answers(server, parts, client, statuses, deliverer, guild, channel, ann, commands)


async def happens(look: Callable[[], object]) -> None:
    """Wait until `look` returns something true."""
    async with asyncio.timeout(20):
        while not look():
            await asyncio.sleep(0.01)


def big(mib: float) -> bytes:
    """Return a file of that size which begins like a PNG."""
    start = png()
    return start + bytes(int(mib * (1 << 20)) - len(start))
