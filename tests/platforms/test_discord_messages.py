"""Messages that call Easel on Discord: mentions, replies, threads, direct messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.engines.base import EditTask
from bot.errors import Gone
from tests.support.discord import visible, wire
from tests.support.discord_bot import Scene, delivered, finished, serving
from tests.support.engines import ScriptedEngine, png
from tests.support.studio import Gate

# ── messages ────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_mention_is_drawn_and_answered(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        asked = await painters.ann.says(
            painters.channel, f"{painters.discord.bot.mention}, a red fox <:smug:123> at dusk"
        )
        message = await delivered(painters.channel)
        assert message.reference is asked
        [job] = await bot.jobs()
        assert job.plan.prompt == "a red fox smug at dusk"
        assert job.message is not None and not job.message.own and job.message.id == str(asked.id)


async def test_names_stand_for_mentioned_people(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        text = f"{painters.discord.bot.mention} {painters.bob.mention} as a pirate in {painters.channel.mention}"
        await painters.ann.says(painters.channel, text)
        await delivered(painters.channel)
        assert [job.plan.prompt for job in await bot.jobs()] == ["@Bob as a pirate in #general"]


async def test_the_role_that_is_called_like_easel_calls_it_too(painters: Scene, tmp_path: Path) -> None:
    discord, guild = painters.discord, painters.guild
    async with serving(discord, tmp_path) as bot:
        role = guild.role("Easel")
        managed = wire.role(role) | {"managed": True, "tags": {"bot_id": str(discord.bot.id)}}
        data = {"guild_id": str(guild.id), "role": managed}
        discord.gateway.dispatch("GUILD_ROLE_UPDATE", lambda _: data, guild)
        await painters.ann.says(painters.channel, f"{role.mention} a red fox")
        await delivered(painters.channel)
        assert [job.plan.prompt for job in await bot.jobs()] == ["a red fox"]


async def test_a_mention_with_a_picture_changes_it(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.says(painters.channel, "make it night", mention=painters.discord.bot, files=[png(24, 24)])
        await delivered(painters.channel)
        [task] = bot.engine.tasks
        assert isinstance(task, EditTask) and task.inputs[0].width == 24


async def test_what_is_refused_in_a_message_is_said_without_a_ping(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path):
        asked = await painters.ann.says(painters.channel, "a fox --sise 3", mention=painters.discord.bot)
        answer = await painters.channel.next_message(by=painters.discord.bot)
        assert answer.reference is asked and not answer.pings
        assert "--sise" in answer.content


async def test_a_file_that_is_no_picture_is_named(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path):
        files = [("notes.pdf", b"%PDF-1.7 not a picture")]
        await painters.ann.says(painters.channel, "make it night", mention=painters.discord.bot, files=files)
        assert "notes.pdf" in (await painters.channel.next_message(by=painters.discord.bot)).content


async def test_easel_minds_its_own_business(painters: Scene, tmp_path: Path) -> None:
    discord, channel = painters.discord, painters.channel
    robot = discord.world.person("Robot", bot=True)
    painters.guild.join(robot)
    async with serving(discord, tmp_path) as bot:
        words = await painters.bob.says(channel, "what a nice day")
        await painters.ann.says(channel, "indeed", reply_to=words)
        await robot.says(channel, "a robot's wish", mention=discord.bot)
        await painters.ann.says(channel, "thanks, that is all", files=[png()])
        await painters.ann.says(channel, "", mention=discord.bot, files=[png()])  # a picture alone
        await painters.ann.forwards(words, channel)
        hook = visible.event(await painters.bob.says(channel, "from a webhook", mention=discord.bot), whole=True)
        hook |= {"id": str(int(hook["id"]) + 1), "webhook_id": "1"}
        discord.gateway.dispatch("MESSAGE_CREATE", lambda _: hook, painters.guild, channel)
        picture = await delivered(channel)
        await painters.ann.says(channel, "", reply_to=picture)  # nothing but a sticker, say
        await painters.ann.says(channel, "haha", reply_to=picture)
        last = await painters.bob.says(channel, "a dog", mention=discord.bot)
        await delivered(channel, last)
        assert [job.plan.prompt for job in await bot.jobs()] == ["from a webhook", "a dog"]
    said = [each for each in channel.messages if each.author is discord.bot]
    assert len(said) == 2


async def test_a_preview_is_no_picture_to_change(painters: Scene, tmp_path: Path) -> None:
    gate = Gate()
    async with serving(painters.discord, tmp_path, ScriptedEngine(behaviour=gate)) as bot:
        asked = await painters.ann.slash(painters.channel, "imagine", prompt="a fox")
        await painters.channel.until(lambda _: asked.original is not None and asked.original.attachments)
        status = asked.original
        assert status is not None and status.attachments[0].filename.startswith("preview")
        await painters.bob.says(painters.channel, "a dog in the rain", reply_to=status)
        gate.open()
        await delivered(painters.channel, await delivered(painters.channel))
        assert [job.plan.kind for job in await bot.jobs()] == ["generate", "generate"]


async def test_guilds_that_are_not_there_yet_are_no_direct_messages(painters: Scene, tmp_path: Path) -> None:
    discord = painters.discord
    elsewhere = discord.guild("Elsewhere", installed=False)
    channel = elsewhere.channel("general")
    eve = elsewhere.member("Eve")
    async with serving(discord, tmp_path) as bot:
        early = visible.event(await eve.says(channel, "hello", mention=discord.bot), whole=True)
        discord.gateway.dispatch("MESSAGE_CREATE", lambda _: early, painters.guild, painters.channel)
        await painters.ann.says(painters.channel, "a fox", mention=discord.bot)
        await delivered(painters.channel)
        assert len(await bot.jobs()) == 1
    assert not any(each.author is discord.bot for each in channel.everything.values())


async def test_mentions_can_be_switched_off_but_not_replies(painters: Scene, tmp_path: Path) -> None:
    discord, channel = painters.discord, painters.channel
    async with serving(discord, tmp_path, EASEL_DEFAULTS__MENTION_TRIGGER="false") as bot:
        await painters.ann.says(channel, "a fox", mention=discord.bot)
        await painters.ann.slash(channel, "imagine", prompt="a dog")
        picture = await delivered(channel)
        await painters.ann.says(channel, "make it night", reply_to=picture)
        await delivered(channel, picture)
        assert [job.plan.prompt for job in await bot.jobs()] == ["a dog", "make it night"]


async def test_a_reply_to_easels_picture_changes_the_stored_one(painters: Scene, tmp_path: Path) -> None:
    discord, channel = painters.discord, painters.channel
    async with serving(discord, tmp_path) as bot:
        await painters.ann.slash(channel, "imagine", prompt="a fox", count=2, size="64x64")
        picture = await delivered(channel)
        reads = len(discord.world.cdn.reads)
        await painters.bob.says(channel, "make it night", reply_to=picture, ping=False)
        changed = await delivered(channel, picture)
        first, second = await bot.jobs()
        assert second.plan.kind == "edit" and second.person.id == str(painters.bob.id)
        made = (await bot.easel.details(first.id)).pictures
        assert second.parent == made[0].id
        assert len(discord.world.cdn.reads) == reads  # nothing was fetched
        await painters.bob.says(channel, "now with snow", reply_to=changed, ping=False)
        await delivered(channel, changed)
        assert (await bot.jobs())[2].plan.kind == "edit"


async def test_easels_picture_is_known_by_its_link_when_it_was_forgotten(painters: Scene, tmp_path: Path) -> None:
    channel = painters.channel
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.slash(channel, "imagine", prompt="a fox", size="64x64")
        picture = await delivered(channel)
        [job] = await bot.jobs()
        await bot.ended(job.id)
        await bot.easel.clear_history(job.person)
        await painters.bob.says(channel, "make it night", reply_to=picture)
        await delivered(channel, picture)
        [job] = await bot.jobs()
        assert job.plan.kind == "edit"


async def test_a_reply_to_somebody_elses_picture_changes_it(painters: Scene, tmp_path: Path) -> None:
    discord, channel = painters.discord, painters.channel
    async with serving(discord, tmp_path) as bot:
        shown = await painters.bob.says(channel, "my dog", files=[("dog.png", png(40, 20)), ("notes.txt", b"woof")])
        await painters.ann.says(channel, "make it night", reply_to=shown, mention=discord.bot)
        await delivered(channel)
        [task] = bot.engine.tasks
        assert isinstance(task, EditTask) and [each.width for each in task.inputs] == [40]


@pytest.mark.parametrize("what", ["forward", "embed", "gallery", "section", "file"])
async def test_whatever_shows_as_a_picture_is_one(painters: Scene, tmp_path: Path, what: str) -> None:
    discord, channel = painters.discord, painters.channel
    robot = discord.world.person("Robot", bot=True)
    painters.guild.join(robot)
    async with serving(discord, tmp_path) as bot:
        original = await painters.bob.says(channel, "look", files=[("dog.png", png(40, 20))])
        link = discord.world.cdn.link(original.attachments[0])
        media = {"url": link, "proxy_url": link, "content_type": "image/png"}
        thumbnail = {"type": 11, "id": 4, "media": media}
        parts: dict[str, dict[str, Any]] = {
            "gallery": {"type": 12, "id": 1, "items": [{"media": media}]},
            "section": {"type": 9, "id": 1, "components": [], "accessory": thumbnail},
            "file": {"type": 13, "id": 1, "file": media, "name": "dog.png", "size": 1},
        }
        if what == "forward":
            shown = await painters.bob.forwards(original, channel)
        elif what == "embed":
            shown = discord.world.post(channel, robot, {"embeds": [{"image": media, "title": "A dog"}]})
        else:
            box = {"type": 17, "id": 2, "components": [parts[what]]}
            shown = discord.world.post(channel, robot, {"flags": 1 << 15, "components": [box]})
        await painters.ann.says(channel, "make it night", reply_to=shown, mention=discord.bot)
        await delivered(channel)
        [task] = bot.engine.tasks
        assert isinstance(task, EditTask) and [each.width for each in task.inputs] == [40]


@pytest.mark.parametrize(("format", "picture"), [(1, True), (3, False)], ids=["a picture", "a drawing instruction"])
async def test_a_sticker_is_a_picture_if_it_is_one(painters: Scene, tmp_path: Path, format: int, picture: bool) -> None:
    discord, channel = painters.discord, painters.channel
    async with serving(discord, tmp_path) as bot:
        shown = await painters.bob.says(channel, "")
        asked = await painters.ann.says(channel, "a dog in the rain", reply_to=shown, mention=discord.bot)
        first = await delivered(channel)
        event = visible.event(asked, whole=True)
        event["id"] = str(int(event["id"]) + 1)
        event["referenced_message"]["sticker_items"] = [{"id": "5", "name": "Fox", "format_type": format}]
        discord.gateway.dispatch("MESSAGE_CREATE", lambda _: event, painters.guild, channel)
        if picture:  # this server has no stickers
            answer = await channel.next_message(by=discord.bot, after=first)
            assert answer.content == Gone.sentence
        else:
            await delivered(channel, first)
        assert [job.plan.kind for job in await bot.jobs()] == ["generate"] * (1 if picture else 2)


async def test_an_answered_message_that_did_not_come_along_is_looked_up(painters: Scene, tmp_path: Path) -> None:
    discord, channel = painters.discord, painters.channel
    async with serving(discord, tmp_path) as bot:
        shown = await painters.bob.says(channel, "my dog", files=[png(40, 20)])
        asked = await painters.ann.says(channel, f"{discord.bot.mention} make it night")
        event = visible.event(asked, whole=True)
        event |= {"id": str(int(event["id"]) + 1), "type": 19, "message_reference": visible.reference(shown, 0)}
        discord.gateway.dispatch("MESSAGE_CREATE", lambda _: event, painters.guild, channel)
        await channel.until(lambda messages: len(finished(messages)) == 2)
        assert sorted(job.plan.kind for job in await bot.jobs()) == ["edit", "generate"]


async def test_a_thread_is_a_place_of_its_own(painters: Scene, tmp_path: Path) -> None:
    thread = painters.guild.thread(painters.channel, "foxes")
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.slash(thread, "imagine", prompt="a fox")
        first = await delivered(thread)
        await painters.ann.says(thread, "make it night", mention=painters.discord.bot)
        await delivered(thread, first)
        jobs = await bot.jobs()
        assert [job.place.thread for job in jobs] == [str(thread.id)] * 2
        assert {job.place.channel for job in jobs} == {str(painters.channel.id)}
        assert [job.plan.kind for job in jobs] == ["generate", "edit"]
    assert painters.channel.messages == []


# ── direct messages ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_direct_messages_need_no_mention(blind: Scene, tmp_path: Path) -> None:
    direct = blind.ann.dm()
    async with serving(blind.discord, tmp_path) as bot:
        await blind.ann.says(direct, "a red fox")
        first = await delivered(direct)
        await blind.ann.says(direct, "thank you!")
        await blind.ann.slash(direct, "imagine", prompt="a blue fox")
        last = await delivered(direct, first)
        await blind.ann.says(direct, "make it night")
        await delivered(direct, last)
        jobs = await bot.jobs()
        assert [job.plan.kind for job in jobs] == ["generate", "generate", "edit"]
        assert all(job.place.direct and job.place.server == str(direct.id) for job in jobs)


async def test_a_picture_alone_is_asked_about(painters: Scene, tmp_path: Path) -> None:
    direct = painters.ann.dm()
    shown = await painters.bob.says(painters.channel, "look", files=[("dog.png", png(40, 20))])
    async with serving(painters.discord, tmp_path) as bot:
        await painters.ann.forwards(shown, direct)
        question = await direct.next_message(by=painters.discord.bot)
        assert "change" in question.content
        await painters.ann.says(direct, "make it night")
        await delivered(direct)
        [task] = bot.engine.tasks
        assert isinstance(task, EditTask) and task.inputs[0].width == 40
