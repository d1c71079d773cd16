"""The language people are answered in who wrote a message: Discord does not say which one they read."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.discord import locales
from adapters.discord.locales import script
from tests.support.discord_bot import Scene, delivered, drawn, serving


async def test_a_reply_is_answered_in_the_language_discord_told_before(painters: Scene, tmp_path: Path) -> None:
    mei = painters.guild.member("Mei", locale="zh-TW")
    async with serving(painters.discord, tmp_path) as bot:
        fox = await drawn(painters, bot)
        await mei.says(painters.channel, "make it night", reply_to=fox)  # nothing is known of her yet
        night = await delivered(painters.channel, after=fox)
        await (await mei.presses(fox, "Details")).answer()
        await mei.says(painters.channel, "make it day", reply_to=night)
        await delivered(painters.channel, after=night)
        assert [job.language for job in await bot.jobs()] == ["en", "en", "zh-TW"]


async def test_who_writes_chinese_is_answered_in_it(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.says(painters.channel, "一隻在雪地裡的狐狸 --sise 3", mention=painters.discord.bot)
        answer = await painters.channel.next_message(by=painters.discord.bot)
        assert "沒有" in answer.content
        await painters.ann.says(painters.ann.dm(), "一只在雪地里的狐狸")
        await delivered(painters.ann.dm())
        assert [job.language for job in await bot.jobs()] == ["zh-CN"]


async def test_a_server_that_chose_its_language_tells_it(painters: Scene, tmp_path: Path) -> None:
    painters.guild.locale = "zh-TW"
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.says(painters.channel, "a red fox", mention=painters.discord.bot)
        message = await delivered(painters.channel)
        await painters.ann.says(painters.channel, "改成夜晚", reply_to=message)
        await delivered(painters.channel, after=message)
        assert [job.language for job in await bot.jobs()] == ["zh-TW", "zh-TW"]


async def test_only_some_people_are_remembered(
    painters: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locales, "KEPT", 1)
    mei = painters.guild.member("Mei", locale="zh-TW")
    async with serving(painters.discord, tmp_path) as bot:
        fox = await drawn(painters, bot)
        await (await mei.presses(fox, "Details")).answer()
        await (await painters.bob.presses(fox, "Details")).answer()
        await mei.says(painters.channel, "make it night", reply_to=fox)
        await delivered(painters.channel, after=fox)
        assert [job.language for job in await bot.jobs()] == ["en", "en"]


@pytest.mark.parametrize(
    ("text", "default", "found"),
    [
        ("畫一隻貓", "", "zh-TW"),
        ("画一只猫", "zh-TW", "zh-CN"),
        ("改成夜晚", "", "zh-CN"),
        ("改成夜晚", "zh-TW", "zh-TW"),
        ("改成夜晚", "en", "zh-CN"),
        ("a fox 狐狸, please: 變亮", "", "zh-TW"),
        ("雪の中の狐", "zh-TW", None),
        ("눈 속의 여우", "", None),
        ("a red fox 🦊", "zh-TW", None),
        ("", "zh-TW", None),
    ],
)
def test_the_script_tells_which_chinese(text: str, default: str, found: str | None) -> None:
    assert script(text, default) == found
