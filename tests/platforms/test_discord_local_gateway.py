"""The gateway of the local Discord: sessions, resuming, heartbeats, closing; and an unmodified bot in a process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest

from tests.support.discord.launch import environment, redirected
from tests.support.discord.places import Guild
from tests.support.discord.probe import Scene
from tests.support.discord.server import LocalDiscord, serving

HEARTBEAT, IDENTIFY, RESUME, INVALID, HELLO, ACK = 1, 2, 6, 9, 10, 11


@pytest.fixture
async def server() -> AsyncIterator[LocalDiscord]:
    async with serving() as made:
        yield made


class Socket:
    """A client of the gateway that speaks plain JSON."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, op: int, d: object) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": d}))

    async def next(self) -> Any:
        async with asyncio.timeout(20):
            return await self.socket.receive_json()

    async def until(self, event: str) -> Any:
        while (payload := await self.next())["t" if "t" in payload else "op"] != event:
            pass
        return payload["d"]

    async def code(self) -> int | None:
        async with asyncio.timeout(20):
            while not self.socket.closed:
                await self.socket.receive()
        return self.socket.close_code


@asynccontextmanager
async def connection(server: LocalDiscord) -> AsyncIterator[Socket]:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.gateway.url) as socket:
        found = Socket(socket)
        assert (await found.next())["op"] == HELLO
        yield found


def identity(server: LocalDiscord, **more: object) -> dict[str, object]:
    return {"token": server.token, "intents": 1 | 1 << 9 | 1 << 12, "properties": {}, **more}


async def test_a_lost_connection_is_resumed_and_nothing_is_missed(at: Scene) -> None:
    gateway = at.server.gateway
    gateway.drop()
    await gateway.disconnected()
    await at.ann.says(at.channel, "while you were away")
    await gateway.connected()
    await at.ann.says(at.channel, "welcome back")

    assert [(await at.bot.message()).content for _ in range(2)] == ["while you were away", "welcome back"]
    assert (gateway.resumed, len(gateway.identified)) == (1, 1)
    assert at.bot.seen.count("READY") == 1 and "RESUMED" in at.bot.seen


async def test_a_client_asked_to_reconnect_resumes(at: Scene) -> None:
    at.server.gateway.reconnect()
    await at.server.world.changes.until(lambda: at.server.gateway.resumed, lambda: "not resumed")
    await at.ann.says(at.channel, "hello")

    assert (await at.bot.message()).content == "hello"
    assert len(at.server.gateway.identified) == 1


@pytest.mark.parametrize("resumable", [False, True])
async def test_an_invalid_session_is_identified_anew_or_resumed(at: Scene, resumable: bool) -> None:
    gateway = at.server.gateway
    gateway.invalidate(resumable=resumable)
    await at.server.world.changes.until(
        lambda: gateway.online and (gateway.resumed, len(gateway.identified)) == ((1, 1) if resumable else (0, 2)),
        lambda: f"resumed {gateway.resumed} times, identified {len(gateway.identified)} times",
    )
    await at.ann.says(at.channel, "hello")

    assert (await at.bot.message()).content == "hello"


async def test_a_forgotten_session_cannot_be_resumed(at: Scene) -> None:
    gateway = at.server.gateway
    gateway.forget()
    gateway.drop()
    await at.server.world.changes.until(lambda: len(gateway.identified) == 2, lambda: "not identified anew")
    await gateway.connected()

    assert gateway.resumed == 0


async def test_guilds_and_channels_come_and_go(at: Scene) -> None:
    async def until(event: str) -> None:
        async with asyncio.timeout(20):
            while event not in at.bot.seen:
                await asyncio.sleep(0.001)
        at.bot.seen.clear()

    at.bot.seen.clear()
    other = at.server.guild("Sculptors")
    await until("GUILD_CREATE")
    assert at.bot.get_guild(other.id)
    channel = other.channel("clay")
    await until("CHANNEL_CREATE")
    assert at.bot.get_channel(channel.id)
    channel.delete()
    await until("CHANNEL_DELETE")
    assert at.bot.get_channel(channel.id) is None
    other.outage()
    await until("GUILD_DELETE")
    found = at.bot.get_guild(other.id)
    assert found and found.unavailable
    other.recover()
    await until("GUILD_CREATE")
    other.remove_bot()
    await until("GUILD_DELETE")
    assert at.bot.get_guild(other.id) is None


async def test_messages_edited_deleted_and_reacted_to_are_told(at: Scene) -> None:
    message = await at.ann.says(at.channel, "a fox")
    await at.ann.edits(message, "a red fox")
    await at.ann.reacts(message, "⭐")
    await at.ann.unreacts(message, "⭐")
    await at.ann.deletes(message)
    async with asyncio.timeout(20):
        while "MESSAGE_DELETE" not in at.bot.seen:
            await asyncio.sleep(0.001)

    told = [each for each in at.bot.seen if each.startswith("MESSAGE")]
    assert told == [f"MESSAGE_{each}" for each in ("CREATE", "UPDATE", "REACTION_ADD", "REACTION_REMOVE", "DELETE")]


async def test_a_blocked_loop_makes_heartbeats_late() -> None:
    async with serving() as server:
        server.gateway.heartbeat_interval_s = server.gateway.late_after_s = 0.05
        with redirected(server):
            client = discord.Client(intents=discord.Intents.default())
            running = asyncio.create_task(client.start(server.token))
            await server.gateway.connected()
            time.sleep(0.3)
            await server.world.changes.until(lambda: server.gateway.late_heartbeats, lambda: "all came in time")
            await client.close()
            await running


async def test_heartbeats_are_acknowledged_and_their_lateness_is_known(server: LocalDiscord) -> None:
    server.gateway.heartbeat_interval_s = 0.01
    async with connection(server) as socket:
        await socket.send(IDENTIFY, identity(server))
        await socket.until("READY")
        await asyncio.sleep(0.05)
        await socket.send(HEARTBEAT, 1)
        assert (await socket.next())["op"] == ACK

    assert len(server.gateway.lateness) == 1 and server.gateway.lateness[0] >= 0.03


async def test_a_session_ends_when_the_client_closes_it_properly(server: LocalDiscord) -> None:
    async with connection(server) as socket:
        await socket.send(IDENTIFY, identity(server))
        ready = await socket.until("READY")
        await socket.socket.close(code=1000)
    await server.gateway.disconnected()
    async with connection(server) as socket:
        await socket.send(RESUME, {"token": server.token, "session_id": ready["session_id"], "seq": 1})
        assert await socket.next() == {"op": INVALID, "d": False}


async def test_frames_may_be_binary(server: LocalDiscord) -> None:
    async with connection(server) as socket:
        await socket.socket.send_bytes(json.dumps({"op": IDENTIFY, "d": identity(server)}).encode())
        assert (await socket.until("READY"))["resume_gateway_url"] == server.gateway.url


@pytest.mark.parametrize(
    ("code", "op", "d"),
    [
        (4001, 77, None),
        (4003, 8, {}),
        (4004, IDENTIFY, {"token": "nonsense", "intents": 1}),
        (4004, RESUME, {"token": "nonsense", "session_id": "x", "seq": 1}),
        (4013, IDENTIFY, {"intents": 1 << 40}),
        (4014, IDENTIFY, {"intents": 1 << 8}),
    ],
)
async def test_mistakes_close_the_connection(server: LocalDiscord, code: int, op: int, d: Any) -> None:
    async with connection(server) as socket:
        if code == 4001:
            await socket.send(IDENTIFY, identity(server))
        await socket.send(op, {"token": server.token, **d} if op == IDENTIFY else d)
        assert await socket.code() == code
    assert server.gateway.closed == [code]


async def test_more_mistakes_close_the_connection(server: LocalDiscord) -> None:
    async with connection(server) as socket:
        await socket.socket.send_str("nonsense")
        assert await socket.code() == 4002
    async with connection(server) as socket:
        await socket.send(IDENTIFY, identity(server))
        session = (await socket.until("READY"))["session_id"]
        await socket.send(IDENTIFY, identity(server))
        assert await socket.code() == 4005
    async with connection(server) as socket:
        await socket.send(RESUME, {"token": server.token, "session_id": session, "seq": 99})
        assert await socket.code() == 4007


async def test_shards_get_the_events_of_their_own_guilds(server: LocalDiscord) -> None:
    guilds: dict[int, Guild] = {}
    while len(guilds) < 2:
        made = server.guild("Painters")
        guilds[(made.id >> 22) % 2] = made
        server.clock.advance(0.001)
    async with connection(server) as first, connection(server) as second:
        for number, socket in enumerate((first, second)):
            await socket.send(IDENTIFY, identity(server, shard=[number, 2]))
        for number, socket in enumerate((first, second)):
            assert (int((await socket.until("GUILD_CREATE"))["id"]) >> 22) % 2 == number


BOT = """
import sys
assert "discord" not in sys.modules
import discord
from discord import app_commands

class Bot(discord.Client):
    async def setup_hook(self):
        self.tree = app_commands.CommandTree(self)
        @self.tree.command(description="Says how it is")
        async def hello(interaction: discord.Interaction):
            await interaction.response.defer(thinking=True)
            await interaction.followup.send(f"hello {interaction.user.name}")
        await self.tree.sync()

Bot(intents=discord.Intents.default()).run(sys.argv[1])
"""


async def test_an_unmodified_bot_in_a_process_of_its_own(server: LocalDiscord, tmp_path: Path) -> None:
    channel = server.guild("Painters").channel("general")
    ann = server.person("Ann")
    assert channel.guild
    channel.guild.join(ann)
    env = {**os.environ, **environment(server)}
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BOT, server.token, env=env, stdout=log, stderr=log
        )
    try:
        await server.gateway.connected(timeout=60)
        await server.registered("hello")
        asked = await ann.slash(channel, "hello")
        assert (await asked.answer()).text == "hello Ann"
        process.kill()
        await server.gateway.disconnected()
        assert server.gateway.sessions  # a killed bot's session waits for it
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        print((tmp_path / "log").read_text())
