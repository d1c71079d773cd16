"""The forms that ask what to change: below a picture, and in the menu of anybody's message."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.engines.base import EditTask, Task
from tests.support.discord_bot import Scene, delivered, drawn, scene, serving
from tests.support.engines import png


def widths(task: Task) -> list[int]:
    """Return the widths of the pictures that an edit was given."""
    assert isinstance(task, EditTask)
    return [each.width for each in task.inputs]


# ── edit ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_form_below_a_picture_changes_it(painters: Scene, tmp_path: Path) -> None:
    mei = painters.guild.member("Mei", locale="zh-TW")
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        opened = await mei.presses(picture, "Edit")
        modal = await opened.modal()
        assert list(modal.fields) == ["what"]
        submitted = await mei.submits(modal, what="make it night")
        await delivered(painters.channel, picture)
        first, second = await bot.jobs()
        assert second.plan.kind == "edit" and second.plan.prompt == "make it night"
        assert second.parent == (await bot.easel.details(first.id)).pictures[0].id
        assert second.person.id == str(mei.id) and second.language == "zh-TW"
        assert submitted.original is not None and second.message is not None
        assert second.message.id == str(submitted.original.id)


@pytest.mark.parametrize(("choice", "positions"), [(None, [0]), ("2", [2]), ("all", [0, 1])])
async def test_one_of_several_pictures_is_changed(
    painters: Scene, tmp_path: Path, choice: str | None, positions: list[int]
) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot, count=3)
        modal = await (await painters.ann.presses(picture, "Edit")).modal()
        chosen = {} if choice is None else {"which": choice}
        await painters.ann.submits(modal, what="make it night", **chosen)
        await delivered(painters.channel, picture)
        first, second = await bot.jobs()
        made = (await bot.easel.details(first.id)).pictures
        assert second.parent == made[positions[0]].id
        assert len(widths(bot.engine.tasks[1])) == len(positions)  # the engine takes two


async def test_what_is_refused_in_a_form_only_its_sender_reads(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        before = list(painters.channel.messages)
        modal = await (await painters.bob.presses(picture, "Edit")).modal()
        submitted = await painters.bob.submits(modal, what="night --sise 3")
        answer = await submitted.answer()
        assert answer.ephemeral_to is painters.bob and "--sise" in answer.content
        assert answer.content.endswith("> night --sise 3")  # the form is closed, and what was typed gone with it
        assert painters.channel.messages == before


# ── the menu of a message ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("intent", [True, False], ids=["with the intent", "without the intent"])
async def test_anybodys_picture_is_changed_by_its_menu(tmp_path: Path, intent: bool) -> None:
    async with scene(message_content=intent) as painters, serving(painters.discord, tmp_path) as bot:
        shown = await painters.bob.says(painters.channel, "my dog", files=[("dog.png", png(40, 20))])
        chosen = await painters.ann.menu(shown, "Edit this image")
        assert list((await chosen.modal()).fields) == ["what"]
        submitted = await painters.ann.submits(chosen, what="make it night")
        message = await delivered(painters.channel)
        [task] = bot.engine.tasks
        assert widths(task) == [40]
        assert submitted.original is not None and message.reference is submitted.original


async def test_of_two_pictures_both_or_one_are_used(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        shown = await painters.bob.says(painters.channel, "", files=[("a.png", png(40, 20)), ("b.png", png(20, 40))])
        last = shown
        for choice in ({}, {"which": "1"}):
            modal = await (await painters.ann.menu(shown, "Edit this image")).modal()
            await painters.ann.submits(modal, what="make it night", **choice)
            last = await delivered(painters.channel, last)
        assert [widths(task) for task in bot.engine.tasks] == [[40, 20], [20]]


async def test_easels_own_picture_is_known_in_the_menu(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path) as bot:
        picture = await drawn(painters, bot)
        await painters.ann.submits(await painters.ann.menu(picture, "Edit this image"), what="make it night")
        await delivered(painters.channel, picture)
        first, second = await bot.jobs()
        assert second.parent == (await bot.easel.details(first.id)).pictures[0].id


async def test_a_message_without_a_picture_is_told_apart(painters: Scene, tmp_path: Path) -> None:
    async with serving(painters.discord, tmp_path):
        words = await painters.bob.says(painters.channel, "no picture here", files=[("notes.txt", b"words")])
        chosen = await painters.ann.menu(words, "Edit this image")
        answer = await chosen.answer()
        assert answer.ephemeral_to is painters.ann and "no picture" in answer.content


@pytest.mark.parametrize("intent", [True, False], ids=["with the intent", "without the intent"])
async def test_a_menu_form_outlives_a_restart_or_says_what_to_do(tmp_path: Path, intent: bool) -> None:
    async with scene(message_content=intent) as painters:
        shown = await painters.bob.says(painters.channel, "my dog", files=[("dog.png", png(40, 20))])
        async with serving(painters.discord, tmp_path):
            modal = await (await painters.ann.menu(shown, "Edit this image")).modal()
        async with serving(painters.discord, tmp_path) as bot:
            submitted = await painters.ann.submits(modal, what="make it night")
            if intent:
                await delivered(painters.channel)
                assert [job.plan.kind for job in await bot.jobs()] == ["edit"]
            else:
                answer = await submitted.until(lambda each: next((one for one in each.answers if one.content), None))
                assert answer is not None and answer.ephemeral_to is painters.ann
                assert "Apps → “Edit this image”" in answer.content
                assert await bot.jobs() == []
