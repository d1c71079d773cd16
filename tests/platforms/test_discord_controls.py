"""Buttons below Easel's messages on Discord, pressed by everybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import BotError, NotYours
from bot.types import State
from tests.support.discord.model import Message
from tests.support.discord.people import Person
from tests.support.discord_bot import DiscordBot, Scene, delivered, drawn, serving
from tests.support.engines import ScriptedEngine
from tests.support.studio import Gate

# ── again, undo ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_again_draws_once_more_for_whoever_pressed(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot, seed=5)
        await painters.bob.presses(picture, "Again")
        repeated = await delivered(painters.channel, picture)
        old, new = await bot.jobs()
        assert new.person.id == str(painters.bob.id)
        assert (new.plan.prompt, new.plan.width) == (old.plan.prompt, old.plan.width)
        assert new.plan.seed != old.plan.seed
        assert painters.bob in repeated.pings.people and painters.ann not in repeated.pings.people


async def test_undo_shows_the_picture_before(painters: Scene, tmp_path: Path) -> None:
    channel = painters.channel
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        assert not any("Undo" in each for each in picture.labels)
        await painters.bob.says(channel, "make it night", reply_to=picture)
        changed = await delivered(channel, picture)
        await painters.bob.presses(changed, "Undo")
        shown = await delivered(channel, changed)
        assert shown.attachments[0].data == picture.attachments[0].data
        assert len(bot.engine.tasks) == 2
        await (await painters.bob.presses(shown, "Edit")).modal()


# ── details ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_details_are_told_privately(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot, seed=5, prompt="a *bold* fox @everyone `x`")
        before = list(painters.channel.messages)
        pressed = await painters.bob.presses(picture, "Details")
        answer = await pressed.answer()
        assert answer.ephemeral_to is painters.bob and not answer.pings
        assert r"a \*bold\* fox @everyone \`x\`" in answer.content
        assert "5" in answer.content and "64 × 64" in answer.content
        assert painters.channel.messages == before


async def test_endless_details_fit_into_a_message(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot, prompt="_" * 4000)
        answer = await (await painters.bob.presses(picture, "Details")).answer()
        assert len(answer.content) == 2000 and answer.content.endswith("…")


# ── delete ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def gone(bot: DiscordBot, painters: Scene, picture: Message) -> None:
    """Wait until a picture is gone from the channel and from storage."""
    await painters.channel.until(lambda _: picture.deleted)
    [job] = await bot.jobs()
    assert (await bot.easel.details(job.id)).pictures == ()
    await painters.channel.until(lambda messages: not messages)  # the request's echo went, too


@pytest.mark.parametrize("who", ["asker", "moderator", "admin"])
async def test_a_picture_is_deleted_by_those_who_may(painters: Scene, tmp_path: Path, who: str) -> None:
    people = {
        "asker": painters.ann,
        "moderator": painters.guild.member("Mod", "manage_messages"),
        "admin": painters.guild.member("Boss", "manage_guild"),
    }
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot, count=2)
        pressed = await people[who].presses(picture, "Delete")
        await gone(bot, painters, picture)
        assert pressed.response_type == 6 and pressed.answers == []


async def test_nobody_else_may_delete_it(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        pressed = await painters.bob.presses(picture, "Delete")
        answer = await pressed.until(lambda each: each.answers[0] if each.answers else None)
        assert answer is not None and answer.ephemeral_to is painters.bob
        assert answer.content == NotYours.sentence
        [job] = await bot.jobs()
        assert not picture.deleted and (await bot.easel.details(job.id)).pictures


async def test_a_picture_posted_in_parts_is_deleted_whole(
    painters: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.discord.deliver.FILES", 2)
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot, count=4)
        last = next(each for each in painters.channel.messages if each.labels)
        assert last is not picture
        await painters.ann.presses(last, "Delete")
        await gone(bot, painters, picture)


async def test_of_a_forgotten_job_only_moderators_delete_the_message(painters: Scene, tmp_path: Path) -> None:
    moderator = painters.guild.member("Mod", "manage_messages")
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        [job] = await bot.jobs()
        await bot.easel.clear_history(job.person)
        pressed = await painters.bob.presses(picture, "Delete")
        answer = await pressed.until(lambda each: each.answers[0] if each.answers else None)
        assert answer is not None and answer.content == NotYours.sentence
        await moderator.presses(picture, "Delete")
        await painters.channel.until(lambda _: picture.deleted)


async def test_what_discord_does_not_delete_can_be_deleted_later(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        echo = next(each for each in painters.channel.messages if not each.attachments)
        broken = painters.discord.faults.fail("DELETE /channels/*/messages/*", 503)
        pressed = await painters.ann.presses(picture, "Delete")
        answer = await pressed.until(lambda each: each.answers[0] if each.answers else None)
        assert answer is not None and answer.ephemeral_to is painters.ann and answer.content == BotError.sentence
        assert broken.hits == 1 and echo.deleted and not picture.deleted
        await painters.ann.presses(picture, "Delete")
        await gone(bot, painters, picture)


# ── cancel ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def running(painters: Scene, bot: DiscordBot, person: Person) -> Message:
    """Let somebody's job run, and return its status message."""
    interaction = await person.slash(painters.channel, "imagine", prompt=f"for {person.name}")
    message = await interaction.answer()
    await painters.channel.until(lambda _: any("Cancel" in each for each in message.labels))
    return message


async def test_cancel_stops_this_job_and_no_other(painters: Scene, tmp_path: Path) -> None:
    gate = Gate()
    async with serving(painters.discord, tmp_path, ScriptedEngine(behaviour=gate)) as bot:
        anns, bobs = await running(painters, bot, painters.ann), await running(painters, bot, painters.bob)
        pressed = await painters.bob.presses(anns, "Cancel")
        answer = await pressed.until(lambda each: each.answers[0] if each.answers else None)
        assert answer is not None and answer.ephemeral_to is painters.bob and answer.content == NotYours.sentence
        pressed = await painters.ann.presses(anns, "Cancel")
        await painters.channel.until(lambda _: any("Again" in each for each in anns.labels))
        assert pressed.response_type == 6 and pressed.answers == []
        gate.open()
        last = await delivered(painters.channel, bobs)
        states = [(await bot.ended(job.id)).state for job in await bot.jobs()]
        assert states == [State.CANCELLED, State.DELIVERED]
        await painters.bob.presses(anns, "Again")
        await delivered(painters.channel, last)


async def test_a_finished_job_can_not_be_cancelled(painters: Scene, tmp_path: Path) -> None:
    gate = Gate()
    async with serving(painters.discord, tmp_path, ScriptedEngine(behaviour=gate)) as bot:
        status = await running(painters, bot, painters.ann)
        seen = status.buttons[0]["custom_id"]
        components = list(status.components)
        gate.open()
        await delivered(painters.channel)
        [job] = await bot.jobs()
        await bot.ended(job.id)
        painters.discord.world.edit(status, {"components": components}, None)  # pressed at the very last moment
        pressed = await painters.ann.presses(status, seen)
        answer = await pressed.until(lambda each: each.answers[0] if each.answers else None)
        assert answer is not None and answer.ephemeral_to is painters.ann and "finished" in answer.content
