"""What Easel may not read, and where it may not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.engines.base import EditTask
from bot.errors import BotError
from tests.support.discord.interactions import Interaction
from tests.support.discord_bot import Scene, delivered, drawn, serving
from tests.support.engines import png

# ── what may not be read, what is not allowed ───────────────────────────────────────────────────────────────────────


async def test_without_the_intent_easel_says_how_to_show_a_picture(blind: Scene, tmp_path: Path) -> None:
    discord, channel = blind.discord, blind.channel
    async with serving(discord, tmp_path) as bot:
        assert discord.gateway.online
        shown = await blind.bob.says(channel, "my dog", files=[png()])
        await blind.ann.says(channel, "make it night", reply_to=shown, mention=discord.bot)
        answer = await channel.next_message(by=discord.bot)
        assert "Apps → “Edit this image”" in answer.content
        assert await bot.jobs() == []
        await blind.ann.says(channel, "a fox", mention=discord.bot)
        picture = await delivered(channel)
        await blind.ann.says(channel, "not for a robot's ears", reply_to=picture, ping=False)
        await blind.ann.says(channel, "make it night", reply_to=picture)
        await delivered(channel, picture)
        assert [job.plan.prompt for job in await bot.jobs()] == ["a fox", "make it night"]
    assert discord.gateway.closed == []


async def test_a_name_like_those_of_easels_files_proves_nothing(painters: Scene, tmp_path: Path) -> None:
    channel = painters.channel
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        named = (picture.attachments[0].filename, png(40, 20))
        shown = await painters.bob.says(channel, "mine", files=[named])
        asked = await painters.bob.says(channel, "make it night", reply_to=shown, mention=painters.discord.bot)
        await delivered(channel, asked)
        task = bot.engine.tasks[1]
        assert isinstance(task, EditTask) and [each.width for each in task.inputs] == [40]


@pytest.mark.parametrize("permission", ["attach_files", "read_message_history"])
async def test_a_missing_permission_is_named(painters: Scene, tmp_path: Path, permission: str) -> None:
    discord, channel = painters.discord, painters.channel
    name = permission.replace("_", " ").title()
    channel.deny(discord.bot, permission)
    async with serving(discord, tmp_path) as bot:
        interaction = await painters.ann.slash(channel, "imagine", prompt="a fox")
        answer = await interaction.answer()
        assert answer.ephemeral_to is painters.ann and name in answer.content
        await painters.ann.says(channel, "a fox", mention=discord.bot)
        said = await channel.next_message(by=discord.bot)
        assert name in said.content
        assert await bot.jobs() == []


async def test_where_easel_may_not_speak_only_commands_are_answered(painters: Scene, tmp_path: Path) -> None:
    discord = painters.discord
    thread = painters.guild.thread(painters.channel, "foxes")
    painters.channel.deny(discord.bot, "send_messages", "send_messages_in_threads")
    async with serving(discord, tmp_path) as bot:
        for place, name in ((painters.channel, "Send Messages"), (thread, "Send Messages in Threads")):
            interaction = await painters.ann.slash(place, "imagine", prompt="a fox")
            assert f"“{name}”" in (await interaction.answer()).content
            await painters.ann.says(place, "a fox", mention=discord.bot)
        await painters.ann.says(painters.ann.dm(), "a fox")
        await delivered(painters.ann.dm())
        assert len(await bot.jobs()) == 1


# ── what nobody foresaw ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_fault_inside_is_told_in_plain_words(
    painters: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mei = painters.guild.member("Mei", locale="zh-TW")

    async def broken(step: object) -> None:
        raise RuntimeError("a prompt or a key may be in here")

    async with serving(painters.discord, tmp_path) as bot:
        sentence = {language: bot.easel.say(language, BotError.sentence) for language in ("en", "zh-TW")}
        with monkeypatch.context() as patch:
            patch.setattr(bot.parts.database, "read", broken)
            answer = await (await mei.slash(painters.channel, "imagine", prompt="a fox")).answer()
            assert answer.ephemeral_to is mei
            assert answer.content == f"{sentence['zh-TW']}\n> a fox"
            assert sentence["zh-TW"] != sentence["en"]
            asked = await painters.ann.says(painters.channel, "a fox", mention=painters.discord.bot)
            said = await painters.channel.next_message(by=painters.discord.bot)
            assert said.reference is asked and said.content == sentence["en"]


async def test_a_command_of_another_version_says_that_it_is_out_of_use(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path):
        command = {"id": "1", "name": "sing", "type": 1, "options": []}
        called = Interaction(painters.discord.world, 2, painters.ann, painters.channel, command)
        painters.discord.gateway.interact(painters.guild, called.event())
        answer = await called.answer()
        assert answer.ephemeral_to is painters.ann and "no longer works" in answer.content
