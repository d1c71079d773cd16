"""Limits on Discord: who is over one is told so, privately where Discord can."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import limits
from tests.support.discord_bot import Scene, delivered, drawn, serving

SAID = "That was fast: the limit here is 1 a minute for each person. Please try again in 24 h."


@pytest.fixture(autouse=True)
def _a_minute_longer_than_any_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MINUTE_S", 86400.0)


async def test_a_command_over_the_limit_is_refused_privately(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path, EASEL_LIMITS__PERSON__PER_MINUTE="1") as bot:
        picture = await drawn(painters, bot)
        before = list(painters.channel.messages)
        for interaction in (
            await painters.ann.slash(painters.channel, "imagine", prompt="a boat"),
            await painters.ann.presses(picture, "Again"),
        ):
            answer = await interaction.answer()
            assert answer.ephemeral_to is painters.ann
            assert answer.content.partition("\n")[0] == SAID
        assert painters.channel.messages == before
        assert len(await bot.jobs()) == 1
        await painters.bob.slash(painters.channel, "imagine", prompt="a boat")
        await delivered(painters.channel, picture)


async def test_a_message_over_the_limit_is_answered_once_without_a_ping(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path, EASEL_LIMITS__PERSON__PER_MINUTE="1") as bot:
        picture = await drawn(painters, bot)
        asked = await painters.ann.says(painters.channel, "make it night", reply_to=picture)
        answer = await painters.channel.until(
            lambda messages: next((each for each in messages if each.reference is asked), None)
        )
        assert answer is not None and answer.author is painters.discord.bot
        assert (answer.content, bool(answer.pings)) == (SAID, False)
        assert len(await bot.jobs()) == 1
