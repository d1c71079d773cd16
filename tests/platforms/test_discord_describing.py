"""Words for a picture on Discord: a command, a message's menu, and answers that only who asks can see."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import NotDescribed
from bot.llm.base import NoAnswer
from tests.support.discord.commands import Refused
from tests.support.discord_bot import Scene, drawn, serving, stuck
from tests.support.engines import png
from tests.support.llm_configured import configured
from tests.support.llm_scripted import ScriptedModel

SAYS = "A red fox sits in the snow."


@pytest.fixture
def model() -> ScriptedModel:
    model = ScriptedModel()
    model.answer("describe", SAYS)
    return model


async def test_a_picture_given_with_the_command_is_described_privately(
    painters: Scene, tmp_path: Path, model: ScriptedModel
) -> None:
    with configured(model):
        async with serving(painters.discord, tmp_path) as bot:
            asked = await painters.ann.slash(painters.channel, "describe", image=("a.png", png(96, 32)))
            answer = await asked.answer()
            assert (answer.content, answer.ephemeral_to) == (SAYS, painters.ann)
            assert painters.channel.messages == [] and await bot.jobs() == []
    (shown,) = (await model.arrived("describe")).pictures
    assert (shown.width, shown.height) == (96, 32)


async def test_without_a_picture_the_newest_of_the_channel_is_described(
    painters: Scene, tmp_path: Path, model: ScriptedModel
) -> None:
    with configured(model):
        async with serving(painters.discord, tmp_path) as bot:
            nothing = await (await painters.ann.slash(painters.channel, "describe")).answer()
            assert nothing.content.startswith("I see no picture")
            await drawn(painters, bot)
            answer = await (await painters.bob.slash(painters.channel, "describe")).answer()
            assert answer.content == SAYS
    assert len(model.asked_for("describe")) == 1


async def test_the_menu_describes_anybodys_picture(painters: Scene, tmp_path: Path, model: ScriptedModel) -> None:
    with configured(model):
        async with serving(painters.discord, tmp_path):
            photo = await painters.bob.says(painters.channel, "look", files=[("a.png", png(64, 48))])
            answer = await (await painters.ann.menu(photo, "Describe")).answer()
            assert answer.content == SAYS and answer.ephemeral_to is painters.ann
            words = await painters.bob.says(painters.channel, "no picture")
            refused = await (await painters.ann.menu(words, "Describe")).answer()
            assert refused.content == "There is no picture in this message."


async def test_a_picture_that_cannot_be_described_is_told_in_ones_language(
    painters: Scene, tmp_path: Path, model: ScriptedModel
) -> None:
    model.answer("describe", NoAnswer("refused"))
    with configured(model):
        async with serving(painters.discord, tmp_path) as bot:
            asked = await painters.ann.slash(painters.channel, "describe", image=("a.png", png(96, 32)))
            assert (await asked.answer()).content == NotDescribed.sentence
            mei = painters.guild.member("Mei", locale="zh-TW")
            asked = await mei.slash(painters.channel, "describe", image=("a.png", png(96, 32)))
            assert (await asked.answer()).content == bot.easel.say("zh-TW", NotDescribed())


async def test_the_promise_comes_before_anything_else(painters: Scene, tmp_path: Path, model: ScriptedModel) -> None:
    with configured(model):
        async with serving(painters.discord, tmp_path) as bot:
            with stuck(bot.parts.database):
                asked = await painters.ann.slash(painters.channel, "describe", image=("a.png", png(96, 32)))
                await asked.acknowledged()
            assert (await asked.answer()).content == SAYS


async def test_it_is_offered_only_where_something_can_describe_pictures(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path):
        assert {each["name"] for each in painters.discord.application.commands.all} == {"imagine", "Edit this image"}
        with pytest.raises(Refused):
            await painters.ann.slash(painters.channel, "describe")
