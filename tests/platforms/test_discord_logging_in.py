"""How Easel comes to Discord: token, intents, commands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.discord.client import EaselClient
from bot.errors import ConfigError
from bot.types import State
from tests.support.discord_bot import Scene, assembling, delivered, serving
from tests.support.engines import ScriptedEngine


async def test_a_wrong_token_is_a_mistake_in_the_configuration(painters: Scene, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"discord\.token: .*Reset Token.*EASEL_DISCORD__TOKEN"):
        async with serving(painters.discord, tmp_path, EASEL_DISCORD__TOKEN="wrong"):
            pass


async def test_a_token_taken_back_ends_it(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        painters.discord.application.token = "another"
        painters.discord.gateway.drop()
        with pytest.raises(ConfigError, match=r"discord\.token: .*EASEL_DISCORD__TOKEN"):
            await bot.connection


async def test_an_intent_taken_back_ends_it(painters: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def too_early(client: EaselClient) -> None:
        painters.discord.application.intents = 0  # switched off after Easel looked

    monkeypatch.setattr(EaselClient, "setup_hook", too_early)
    async with assembling(painters.discord, tmp_path, ScriptedEngine()) as (_, platform):
        await platform.start()
        with pytest.raises(ConfigError, match=r"EASEL_DISCORD__MESSAGE_CONTENT"):
            await platform.run()


@pytest.mark.parametrize("route", ["GET /users/@me", "GET /oauth2/applications/@me", "GET /gateway/bot"])
async def test_easel_waits_for_discord_to_be_there(
    painters: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    monkeypatch.setattr("adapters.discord.platform.AGAIN_S", 0.01)
    down = painters.discord.faults.drop(route, times=3)
    async with serving(painters.discord, tmp_path) as bot:
        assert down.hits == 3
        await painters.ann.says(painters.channel, "a fox", mention=painters.discord.bot)
        await delivered(painters.channel)
        [job] = await bot.jobs()
        assert (await bot.ended(job.id)).state is State.DELIVERED


async def test_easel_can_be_stopped_while_discord_is_away(
    painters: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.platform.AGAIN_S", 0.01)
    down = painters.discord.faults.drop("GET /users/@me", times=10**6)
    async with assembling(painters.discord, tmp_path, ScriptedEngine()) as (_, platform):
        await platform.start()
        running = asyncio.create_task(platform.run())
        async with asyncio.timeout(20):
            while down.hits < 3:
                await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()


async def test_commands_are_registered_as_soon_as_discord_takes_them(
    painters: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.commands.REGISTER_AGAIN_S", 0.01)
    refused = painters.discord.faults.fail("PUT /applications/*/commands", 503, times=3)
    async with serving(painters.discord, tmp_path):
        assert refused.hits == 3
        assert painters.discord.application.commands.names() == ["imagine"]


@pytest.mark.parametrize("wanted", ["true", "false"])
async def test_only_what_is_needed_is_asked_for(painters: Scene, tmp_path: Path, wanted: str) -> None:
    guilds, guild_messages, direct_messages, message_content = 1 << 0, 1 << 9, 1 << 12, 1 << 15
    async with serving(painters.discord, tmp_path, EASEL_DISCORD__MESSAGE_CONTENT=wanted):
        [session] = painters.discord.gateway.sessions.values()
        always = guilds | guild_messages | direct_messages
        assert session.intents == always | (message_content if wanted == "true" else 0)
