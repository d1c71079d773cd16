"""The command `/imagine` on Discord, answered at once and done once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.commands.table import COMMANDS
from bot.engines.base import EditTask, GenerateTask, Result, Run, Task
from tests.support.discord import visible
from tests.support.discord.model import Message
from tests.support.discord_bot import Scene, delivered, finished, serving, stuck
from tests.support.engines import ScriptedEngine, draws, png


async def hangs(task: Task, run: Run) -> Result:
    """An engine that never finishes."""
    await run.cancelled.wait()
    return await draws(task, run)


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_command_says_what_it_takes_in_every_language(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        commands = painters.discord.application.commands
        command, menu = commands.find("imagine"), commands.find("Edit this image", 3)
        prompt, image, size, count, seed, engine = command["options"]
        names = ["prompt", "image", "size", "count", "seed", "engine"]
        assert [each["name"] for each in (prompt, image, size, count, seed, engine)] == names
        assert prompt["required"] and not image.get("required") and image["type"] == 11
        assert (count["min_value"], count["max_value"]) == (1, 10)
        assert (seed["min_value"], seed["max_value"]) == (0, 2**53 - 1)
        assert engine["autocomplete"]
        table = {each.name: each.description for each in COMMANDS["imagine"].options}
        for each, english in [
            (command, COMMANDS["imagine"].description),
            *((o, table[o["name"]]) for o in command["options"]),
        ]:
            assert each["description"] == english
            translated = {language: bot.easel.say(language, english) for language in ("zh-CN", "zh-TW")}
            assert each["description_localizations"] == translated and english not in translated.values()
        for each in (command, menu):
            assert sorted(each["contexts"]) == [0, 1]  # guilds, and direct messages to Easel
            assert each["integration_types"] == [0]  # installed in guilds


async def test_a_command_is_drawn_as_it_says(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        interaction = await painters.ann.slash(
            painters.channel, "imagine", prompt="a red fox", size="64x128", count=2, seed=0, engine="demo"
        )
        message = await delivered(painters.channel)
        assert len(message.attachments) == 2
        assert message.attachments[0].description == "a red fox"
        [task] = bot.engine.tasks
        assert isinstance(task, GenerateTask)
        assert (task.prompt, task.width, task.height, task.count, task.seed) == ("a red fox", 64, 128, 2, 0)
        [job] = await bot.jobs()
        assert job.person.id == str(painters.ann.id) and job.person.name == "Ann" and job.person.locale == "en-US"
        assert (job.place.server, job.place.channel) == (str(painters.guild.id), str(painters.channel.id))
        assert job.message is not None and job.message.own
        assert interaction.original is not None and job.message.id == str(interaction.original.id)
        assert not (job.person.admin or job.person.moderator)


async def test_an_attached_picture_is_changed(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.slash(painters.channel, "imagine", prompt="at night", image=("my dog.png", png(32, 16)))
        await delivered(painters.channel)
        [task] = bot.engine.tasks
        assert isinstance(task, EditTask)
        assert [(each.width, each.height) for each in task.inputs] == [(32, 16)]


async def test_people_are_answered_in_their_language(painters: Scene, tmp_path: Path) -> None:
    mei = painters.guild.member("Mei", locale="zh-TW")
    async with serving(painters.discord, tmp_path) as bot:
        await mei.slash(painters.channel, "imagine", prompt="一隻狐狸")
        await delivered(painters.channel)
        [job] = await bot.jobs()
        assert job.language == "zh-TW"


async def test_engines_are_offered_while_one_types(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path, EASEL_ENGINES__DRAFTS__TYPE="demo"):
        typing = painters.ann.autocompletes(painters.channel, "imagine", "engine", "DRA", prompt="x")
        assert [each["value"] for each in await typing] == ["drafts"]
        every = await painters.ann.autocompletes(painters.channel, "imagine", "engine", "", prompt="x")
        assert [each["value"] for each in every] == ["demo", "drafts"]


async def test_what_is_refused_only_the_asker_reads(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        interaction = await painters.ann.slash(painters.channel, "imagine", prompt="a fox --sise 3")
        answer = await interaction.answer()
        assert answer.ephemeral_to is painters.ann
        assert "--sise" in answer.content
        assert answer.content.endswith("> a fox --sise 3")  # Discord shows nowhere any more what was typed
        assert painters.channel.messages == []
        assert await bot.jobs() == []


@pytest.mark.parametrize(
    ("prompt", "drawn"),
    [
        ("@everyone and @here <@&{role}> <@{bob}> come and see", "@everyone and @here come and see"),
        ("```py\nprint('**hi**')``` `code` ||spoiler|| > quote\n# title", None),
        ("\u202eثعلب أحمر في الثلج\u202c عند الغروب", None),
        ("fox " * 1000, None),
        ("🦊" * 4000, None),
    ],
    ids=["pings", "markdown", "right to left", "4,000 characters", "4,000 emoji"],
)
async def test_no_prompt_breaks_or_pings_anything(
    painters: Scene, tmp_path: Path, prompt: str, drawn: str | None
) -> None:
    channel = painters.channel
    if drawn is not None:
        prompt = prompt.format(role=painters.guild.role("mods", mentionable=True).id, bob=painters.bob.id)
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.slash(channel, "imagine", prompt=prompt)
        first = await delivered(channel)
        await painters.ann.says(channel, f"{painters.discord.bot.mention} {prompt[:1900]}")
        second = await delivered(channel, first)
        jobs = await bot.jobs()
        for job, message in zip(jobs, (first, second), strict=True):
            await bot.ended(job.id)
            assert message.attachments[0].filename == f"easel-{job.id}-0.png"
        assert jobs[0].plan.prompt.split() == (prompt if drawn is None else drawn).split()
    said = [each for each in channel.everything.values() if each.author is painters.discord.bot]
    assert {person for each in said for person in each.pings.people} == {painters.ann}
    assert not any(each.pings.everyone or each.pings.roles for each in said)


# ── at once, and once ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_first_answer_waits_for_nothing(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        before = len(painters.discord.rest.requests)
        with stuck(bot.parts.database) as go_on:
            interaction = await painters.ann.slash(painters.channel, "imagine", prompt="a fox", image=png())
            await interaction.acknowledged()
            assert interaction.response_type == 5
            routes = [each.route for each in painters.discord.rest.requests[before:]]
            assert routes == ["POST /interactions/{interaction_id}/{interaction_token}/callback"]
            assert painters.discord.world.cdn.reads == []
            go_on.set()
            await delivered(painters.channel)


async def test_a_hanging_engine_holds_up_nobody(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path, ScriptedEngine(behaviour=hangs)) as bot:
        for person in (painters.ann, painters.bob, painters.ann):
            interaction = await painters.ann.slash(painters.channel, "imagine", prompt=f"for {person.name}")
            assert (await interaction.answer()).ephemeral_to is None
        assert len(await bot.jobs()) == 3


async def test_easel_types_while_it_thinks(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        with stuck(bot.parts.database) as go_on:
            await painters.ann.says(painters.channel, "a red fox", mention=painters.discord.bot)
            await painters.channel.until(lambda _: painters.channel.typing)
            go_on.set()
            await delivered(painters.channel)


def deliver_again(discord: Any, message: Message) -> None:
    """Let the gateway deliver a message once more."""
    discord.gateway.dispatch(
        "MESSAGE_CREATE", lambda _: visible.event(message, whole=True), message.channel.guild, message.channel
    )


async def test_what_is_delivered_twice_is_done_once(painters: Scene, tmp_path: Path) -> None:
    discord, channel = painters.discord, painters.channel
    async with serving(discord, tmp_path) as bot:
        message = await painters.ann.says(channel, "a red fox", mention=discord.bot)
        deliver_again(discord, message)
        refused = await painters.ann.says(channel, "a fox --sise 3", mention=discord.bot)
        deliver_again(discord, refused)
        interaction = await painters.ann.slash(channel, "imagine", prompt="a blue fox")
        discord.gateway.interact(painters.guild, interaction.event())
        mistaken = await painters.bob.slash(channel, "imagine", prompt="a fox --sise 3")
        discord.gateway.interact(painters.guild, mistaken.event())
        await mistaken.until(lambda each: any(one.content for one in each.answers))
        await channel.until(lambda messages: any("--sise" in each.content for each in messages if each.reference))
        await channel.until(lambda messages: len(finished(messages)) == 2)
        for job in await bot.jobs():
            await bot.ended(job.id)
    async with serving(discord, tmp_path) as bot:  # and after a restart
        deliver_again(discord, message)
        deliver_again(discord, refused)
        discord.gateway.interact(painters.guild, interaction.event())
        last = await painters.ann.says(channel, "one more fox", mention=discord.bot)
        await delivered(channel, last)
        assert len(await bot.jobs()) == 3
    pictures = finished(channel.messages)
    words = [each for each in channel.messages if "--sise" in each.content and each.author is discord.bot]
    assert (len(pictures), len(words)) == (3, 1)
    assert len([each for each in mistaken.answers if each.content]) == 1


async def test_a_promise_whose_receipt_got_lost_is_kept(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        painters.discord.faults.fail("POST /interactions/*/*/callback", 502, after=True)
        interaction = await painters.ann.slash(painters.channel, "imagine", prompt="a fox")
        await delivered(painters.channel)
        assert interaction.refusals == [40060]
        [job] = await bot.jobs()
        assert interaction.original is not None and job.message is not None
        assert job.message.id == str(interaction.original.id)


async def test_what_came_too_late_is_not_drawn(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        painters.discord.faults.fail("POST /interactions/*/*/callback", 502)
        late = await painters.ann.slash(painters.channel, "imagine", prompt="a late fox")
        painters.discord.clock.advance(4)
        await late.until(lambda each: each.refusals)
        assert late.failed and late.refusals == [10062]
        await painters.ann.slash(painters.channel, "imagine", prompt="a fox")
        await delivered(painters.channel)
        assert [job.plan.prompt for job in await bot.jobs()] == ["a fox"]
