"""Two processes on one database: one draws, the other has the platform and shows how it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.engines.base import Result, Run, Task
from bot.engines.registry import Registry
from bot.i18n.catalogue import Catalogues
from bot.jobs import journal
from bot.jobs.following import Following
from bot.pictures.sandbox import Sandbox
from bot.types import State
from bot.wording import Wording
from tests.support.bot import Bot
from tests.support.databases import opened_at
from tests.support.engines import ScriptedEngine, draws, registry
from tests.support.jobs import job
from tests.support.memory_platform import MemoryPlatform
from tests.support.postgres import PostgresServer


@asynccontextmanager
async def process(url: str, engines: Registry, platform: MemoryPlatform | None) -> AsyncIterator[Bot]:
    async with Sandbox() as sandbox, opened_at(url) as database:
        bot = Bot(database, engines, platform, sandbox)
        following = Following(database, bot.statuses, Wording(Catalogues()), bot.worker.draws)
        tasks = [asyncio.create_task(bot.worker.run()), asyncio.create_task(bot.courier.run())]
        try:
            yield bot
        finally:
            await bot.worker.stop(5)
            await bot.courier.stop(5)
            await asyncio.gather(*tasks)
            await following.aclose()
            await bot.statuses.aclose()


async def test_the_progress_of_another_process_is_shown_and_its_pictures_are_posted(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.worker.BEAT_S", 0.05)
    platform = MemoryPlatform()

    async def half_then_whole(task: Task, run: Run) -> Result:
        run.progress(0.5)
        while not any(status.progress == 0.5 for status in platform.statuses):
            await run.pause(0.01)
        return await draws(task, run)

    busy = registry(ScriptedEngine())
    busy.configured("demo").pool.breakers[""].rest(3600)
    engine = ScriptedEngine(behaviour=half_then_whole)
    with postgres.database() as url:
        async with process(url, registry(engine), None), process(url, busy, platform) as bot:
            asked = await bot.ask(job())
            assert (await platform.ended(asked.id)).pictures
    assert len(platform.deliveries) == 1


async def test_a_cancel_reaches_the_process_that_draws(postgres: PostgresServer) -> None:
    async def waits(task: Task, run: Run) -> Result:
        await run.pause(60)
        return Result()

    platform, busy = MemoryPlatform(), registry(ScriptedEngine())
    busy.configured("demo").pool.breakers[""].rest(3600)
    engine = ScriptedEngine(behaviour=waits)
    with postgres.database() as url:
        async with process(url, registry(engine), None), process(url, busy, platform) as bot:
            asked = await bot.ask(job())
            await engine.started.wait()
            assert await bot.database.write(lambda tx: journal.cancel(tx, asked.id))
            assert (await platform.ended(asked.id)).job.state is State.CANCELLED
