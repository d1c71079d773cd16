"""Buttons and forms on Discord answer at once, and for ever: after a restart, of forgotten jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import Gone
from tests.support.discord_bot import Scene, delivered, drawn, serving, stuck
from tests.support.engines import png

# ── at once, and after a restart ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("button", "response"), [("Again", 5), ("Edit", 9), ("Undo", 5), ("Details", 5), ("Delete", 6)]
)
async def test_buttons_answer_before_the_database_does(
    painters: Scene, tmp_path: Path, button: str, response: int
) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        await painters.ann.says(painters.channel, "make it night", reply_to=picture)
        changed = await delivered(painters.channel, picture)
        with stuck(bot.parts.database):
            pressed = await painters.ann.presses(changed, button)
            await pressed.acknowledged()
            assert pressed.response_type == response


async def test_the_form_for_a_message_opens_before_the_database_answers(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        shown = await painters.bob.says(painters.channel, "my dog", files=[png()])
        with stuck(bot.parts.database):
            await (await painters.ann.menu(shown, "Edit this image")).modal()


@pytest.mark.parametrize("where", ["thread", "direct"])
async def test_buttons_work_where_the_picture_is(painters: Scene, tmp_path: Path, where: str) -> None:
    thread = painters.guild.thread(painters.channel, "foxes")
    place = thread if where == "thread" else painters.ann.dm()
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.slash(place, "imagine", prompt="a fox")
        picture = await delivered(place)
        await painters.ann.presses(picture, "Again")
        repeated = await delivered(place, picture)
        modal = await (await painters.ann.presses(repeated, "Edit")).modal()
        await painters.ann.submits(modal, what="make it night")
        await delivered(place, repeated)
        for job in await bot.jobs():
            await bot.ended(job.id)
        await painters.ann.presses(picture, "Delete")
        await place.until(lambda _: picture.deleted)
        places = {job.place for job in await bot.jobs()}
        assert len(places) == 1
    assert painters.channel.messages == []


async def test_everything_works_after_a_restart(painters: Scene, tmp_path: Path) -> None:
    channel = painters.channel
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        before = await (await painters.bob.presses(picture, "Edit")).modal()
    painters.discord.clock.advance(3600)
    async with serving(painters.discord, tmp_path) as bot:
        await painters.bob.submits(before, what="make it night")  # the form was open all the while
        changed = await delivered(channel, picture)
        modal = await (await painters.ann.presses(picture, "Edit")).modal()
        await painters.ann.submits(modal, what="make it day")
        edited = await delivered(channel, changed)
        await painters.ann.presses(picture, "Again")
        repeated = await delivered(channel, edited)
        await painters.bob.presses(changed, "Undo")
        await delivered(channel, repeated)
        answer = await (await painters.ann.presses(picture, "Details")).answer()
        assert "a fox" in answer.content
        for job in await bot.jobs():
            await bot.ended(job.id)
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.presses(picture, "Delete")
        await channel.until(lambda _: picture.deleted)
        kinds = [(job.plan.kind, job.plan.shown_again) for job in await bot.jobs()]
        assert kinds == [("generate", False), ("edit", False), ("edit", False), ("generate", False), ("edit", True)]


async def test_below_a_forgotten_picture_the_buttons_say_so_or_still_work(painters: Scene, tmp_path: Path) -> None:
    channel = painters.channel
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        [job] = await bot.jobs()
        await bot.easel.clear_history(job.person)
        for button in ("Again", "Details"):
            pressed = await painters.bob.presses(picture, button)
            answer = await pressed.until(lambda each: next((one for one in each.answers if one.content), None))
            assert answer is not None and answer.ephemeral_to is painters.bob and answer.content == Gone.sentence
        modal = await (await painters.bob.presses(picture, "Edit")).modal()
        await painters.bob.submits(modal, what="make it night")  # the picture is in the message
        await delivered(channel, picture)
        [job] = await bot.jobs()
        assert job.plan.kind == "edit"


async def test_a_button_of_another_version_says_that_it_is_out_of_use(painters: Scene, tmp_path: Path) -> None:
    button = {"type": 2, "style": 1, "label": "Sing", "custom_id": "easel:sing:abc", "id": 2}
    row = {"type": 1, "id": 1, "components": [button]}
    async with serving(painters.discord, tmp_path):
        old = painters.discord.world.post(
            painters.channel, painters.discord.bot, {"content": "Hm", "components": [row]}
        )
        pressed = await painters.ann.presses(old, "Sing")
        answer = await pressed.answer()
        assert answer.ephemeral_to is painters.ann and "no longer works" in answer.content


async def test_where_easel_may_not_post_nothing_is_begun(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        painters.channel.deny(painters.discord.bot, "attach_files")
        for button in ("Again", "Edit"):
            pressed = await painters.bob.presses(picture, button)
            answer = await pressed.answer()
            assert answer.ephemeral_to is painters.bob and "Attach Files" in answer.content
        assert len(await bot.jobs()) == 1 and not picture.deleted


async def test_forms_are_not_kept_in_memory(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        for _ in range(3):
            await (await painters.bob.presses(picture, "Edit")).modal()
        store = bot.platform._client._connection._view_store
        assert not store._modals and not store._views and not store._synced_message_views
