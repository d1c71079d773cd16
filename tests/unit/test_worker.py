"""The worker: every job is seen through to its end, whatever engines do."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from bot.db import pictures
from bot.engines.base import DrawnPicture, Result, Run, Task
from bot.errors import ContentRefused, EngineUnavailable
from bot.jobs import journal
from bot.types import State
from tests.support.bot import running
from tests.support.engines import ScriptedEngine, draws, png
from tests.support.jobs import add, fill_disk, job, opened
from tests.support.memory_platform import MemoryPlatform


async def test_a_job_is_drawn_and_posted_with_its_words(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        asked = await bot.ask(job(count=2, seed=5, details_line=True))
        delivery = await platform.ended(asked.id)
        assert [picture.facts for picture in delivery.pictures] == [{"seed": 5}, {"seed": 6}]
        assert (delivery.alt, delivery.buttons) == ("a red fox", ("again", "edit", "details", "delete"))
        assert delivery.text.splitlines()[-1] == "demo · scripted · seed 5"
        assert await pictures.read(bot.database, delivery.pictures[0].id) == png(64, 64)
    assert any(status.progress == 0.25 and status.preview for status in platform.statuses)


@pytest.mark.parametrize(
    ("drawn", "state", "text"),
    [
        (0, State.FAILED, "The engine demo refused this request because of its content rules."),
        (2, State.DELIVERED, "The engine could draw only 2 of 3 pictures."),
    ],
)
async def test_an_engine_that_fails(tmp_path: Path, drawn: int, state: State, text: str) -> None:
    async def fails(task: Task, run: Run) -> Result:
        for _ in range(drawn):
            await run.picture(DrawnPicture(png()))
        raise ContentRefused(engine="demo", detail="sk-secret")

    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(behaviour=fails), platform) as bot:
        asked = await bot.ask(job(count=3))
        delivery = await platform.ended(asked.id)
    assert text in delivery.text
    assert "sk-secret" not in delivery.text
    assert len(delivery.pictures) == drawn
    async with opened(tmp_path) as database:
        found = await database.read(lambda tx: journal.get(tx, asked.id))
        assert found is not None
        assert found.state is state


async def test_large_previews_are_shown_small(tmp_path: Path) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1024, 768), 90).convert("RGB").save(noise, "PNG")

    async def draws_slowly(task: Task, run: Run) -> Result:
        run.progress(0.5, noise.getvalue())
        while not any(status.preview for status in platform.statuses):
            await run.pause(0.01)
        run.progress(0.9, b"no picture" * 100_000)
        return await draws(task, run)

    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(behaviour=draws_slowly), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).pictures
    shown = next(status.preview for status in platform.statuses if status.preview)
    assert Image.open(io.BytesIO(shown)).size == (512, 384)
    assert all(len(status.preview or b"") < 200_000 for status in platform.statuses)


async def test_a_crashing_engine_is_an_internal_error_with_the_jobs_name(tmp_path: Path) -> None:
    async def crashes(task: Task, run: Run) -> Result:
        raise KeyError("oops")

    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(behaviour=crashes), platform) as bot:
        asked = await bot.ask(job())
        delivery = await platform.ended(asked.id)
    assert asked.id in delivery.text
    assert "oops" not in delivery.text


async def test_bytes_that_are_no_picture_are_a_bad_answer(tmp_path: Path) -> None:
    async def lies(task: Task, run: Run) -> Result:
        await run.picture(DrawnPicture(b"<html>busy</html>"))
        return Result()

    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(behaviour=lies), platform) as bot:
        delivery = await platform.ended((await bot.ask(job())).id)
    assert delivery.job.error == "BadAnswer"


async def test_cancel_stops_a_running_job_at_once(tmp_path: Path) -> None:
    async def waits(task: Task, run: Run) -> Result:
        await run.pause(60)
        return Result()

    platform, engine = MemoryPlatform(), ScriptedEngine(behaviour=waits)
    async with running(tmp_path, engine, platform) as bot:
        asked = await bot.ask(job())
        await engine.started.wait()
        assert await bot.database.write(partial(journal.cancel, job_id=asked.id))
        delivery = await platform.ended(asked.id)
    assert (delivery.job.state, delivery.text, delivery.pictures) == (State.CANCELLED, "Cancelled.", ())


async def test_slots_are_kept_and_waiting_people_hear_their_place(tmp_path: Path) -> None:
    running_now: list[int] = [0, 0]
    finish = asyncio.Event()

    async def counted(task: Task, run: Run) -> Result:
        running_now[0] += 1
        running_now[1] = max(running_now)
        await finish.wait()
        running_now[0] -= 1
        return await draws(task, run)

    platform, engine = MemoryPlatform(), ScriptedEngine(behaviour=counted)
    async with running(tmp_path, engine, platform, slots=2) as bot:
        asked = [await bot.ask(job(person=f"p{number}")) for number in range(6)]
        while not any(status.place == 4 for status in platform.statuses):
            await asyncio.sleep(0.01)
        finish.set()
        for each in asked:
            assert (await platform.ended(each.id)).pictures
    assert running_now[1] == 2
    assert len(engine.tasks) == 6


async def test_shutdown_gives_a_running_job_back_and_the_next_start_draws_it(tmp_path: Path) -> None:
    async def waits(task: Task, run: Run) -> Result:
        await asyncio.sleep(60)
        return Result()

    platform, slow = MemoryPlatform(), ScriptedEngine(behaviour=waits)
    async with running(tmp_path, slow, platform, grace=0.05) as bot:
        asked = await bot.ask(job())
        await slow.started.wait()
    assert platform.deliveries == []
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        delivery = await platform.ended(asked.id)
        assert delivery.pictures
        assert (await bot.get(asked.id)).attempts == 1


async def test_shutdown_lets_a_quick_job_finish(tmp_path: Path) -> None:
    async def quick(task: Task, run: Run) -> Result:
        await asyncio.sleep(0.1)
        return await draws(task, run)

    platform, engine = MemoryPlatform(), ScriptedEngine(behaviour=quick)
    async with running(tmp_path, engine, platform) as bot:
        asked = await bot.ask(job())
        await engine.started.wait()
    async with opened(tmp_path) as database:
        found = await database.read(lambda tx: journal.get(tx, asked.id))
        assert found is not None
        assert found.state in (State.DRAWN, State.POSTING, State.DELIVERED)


async def test_an_engine_taken_out_of_the_configuration_ends_its_jobs(tmp_path: Path) -> None:
    platform = MemoryPlatform()
    async with opened(tmp_path) as database:
        asked = await add(database, job(engine="removed"))
    async with running(tmp_path, ScriptedEngine(), platform):
        delivery = await platform.ended(asked.id)
    assert delivery.job.error == "UnknownEngine"


async def test_an_engine_that_cannot_be_reached(tmp_path: Path) -> None:
    async def away(task: Task, run: Run) -> Result:
        raise EngineUnavailable(engine="demo")

    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(behaviour=away), platform) as bot:
        delivery = await platform.ended((await bot.ask(job())).id)
    assert delivery.text == "I can't reach the engine demo right now. Please try again later."
    assert delivery.buttons == ("again",)


async def test_a_full_disk_ends_the_job_with_its_reason_and_the_next_one_is_drawn(tmp_path: Path) -> None:
    noise = io.BytesIO()
    Image.effect_noise((1024, 1024), 80).save(noise, "PNG")

    async def large(task: Task, run: Run) -> Result:
        await fill_disk(bot.database)
        await run.picture(DrawnPicture(noise.getvalue()))
        return Result()

    platform, engine = MemoryPlatform(), ScriptedEngine(behaviour=large)
    async with running(tmp_path, engine, platform) as bot:
        delivery = await platform.ended((await bot.ask(job())).id)
        assert delivery.text.startswith("I can't store any more pictures at the moment.")
        await fill_disk(bot.database, False)
        engine.behaviour = draws
        assert (await platform.ended((await bot.ask(job())).id)).pictures


async def test_whatever_an_engine_says_can_be_written(tmp_path: Path) -> None:
    async def odd(task: Task, run: Run) -> Result:
        await draws(task, run)
        return Result(facts={"steps": {1, 2}})

    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(behaviour=odd), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).pictures


async def test_pictures_handed_over_at_once_are_taken_one_by_one_and_no_more_than_asked(tmp_path: Path) -> None:
    async def many(task: Task, run: Run) -> Result:
        await asyncio.gather(*(run.picture(DrawnPicture(png())) for _ in range(5)))
        return Result()

    platform = MemoryPlatform()
    async with running(tmp_path, ScriptedEngine(behaviour=many), platform) as bot:
        assert len((await platform.ended((await bot.ask(job(count=3))).id)).pictures) == 3
