"""Several addresses behind one engine: jobs move only where nothing was begun, and an address that returns is used."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.engines import pool as pool_module
from bot.engines.base import Capabilities, DrawnPicture, Result, Run, Task
from bot.engines.pool import Pool
from bot.engines.registry import Configured, Registry
from bot.errors import BotError, EngineAuth, EngineBusy, EngineUnavailable, UnknownOutcome
from bot.types import State
from tests.support.bot import running_with
from tests.support.engines import Behaviour, ScriptedEngine, draws, png
from tests.support.jobs import job
from tests.support.memory_platform import MemoryPlatform


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(pool_module, "BUSY_S", 0.05)


def pooled(engines: dict[str, ScriptedEngine], slots: int = 1) -> Registry:
    return Registry({"demo": Configured(Pool(engines, slots), "demo", 30)})


def raising(error: Callable[[], BotError], times: int = 1_000_000) -> Behaviour:
    left = [times]

    async def behaviour(task: Task, run: Run) -> Result:
        if left[0] > 0:
            left[0] -= 1
            raise error()
        return await draws(task, run)

    return behaviour


async def slowly(task: Task, run: Run) -> Result:
    await asyncio.sleep(0.01)
    return await draws(task, run)


async def test_an_address_that_dies_loses_no_job_and_is_used_again_when_it_returns(tmp_path: Path) -> None:
    dead, alive = ScriptedEngine(behaviour=slowly), ScriptedEngine(behaviour=slowly)
    platform = MemoryPlatform()
    async with running_with(tmp_path, pooled({"a": dead, "b": alive}), platform) as bot:
        first = [await bot.ask(job()) for _ in range(4)]
        for each in first:
            assert (await platform.ended(each.id)).pictures
        dead.behaviour, dead.healthy = raising(lambda: EngineUnavailable(engine="demo")), False
        second = [await bot.ask(job()) for _ in range(12)]
        for each in second:
            assert (await platform.ended(each.id)).pictures
        await dead.checked.wait()
        before = len(dead.tasks)
        dead.behaviour, dead.healthy = slowly, True
        while len(dead.tasks) == before:
            assert (await platform.ended((await bot.ask(job())).id)).pictures
    assert len(platform.deliveries) == len({each.job.id for each in platform.deliveries})


async def test_while_an_address_is_away_it_gets_no_job_but_one_probe_at_a_time(tmp_path: Path) -> None:
    down = ScriptedEngine(behaviour=raising(lambda: EngineUnavailable(engine="demo")), healthy=False)
    up, platform = ScriptedEngine(behaviour=slowly), MemoryPlatform()
    async with running_with(tmp_path, pooled({"a": down, "b": up}), platform) as bot:
        for each in [await bot.ask(job()) for _ in range(20)]:
            assert (await platform.ended(each.id)).pictures
    assert len(down.tasks) == 1


@pytest.mark.parametrize("error", [EngineBusy, EngineAuth])
async def test_a_job_that_was_not_taken_is_drawn_elsewhere(tmp_path: Path, error: type[BotError]) -> None:
    first = ScriptedEngine(behaviour=raising(lambda: error(engine="demo")), healthy=False)
    platform = MemoryPlatform()
    async with running_with(tmp_path, pooled({"a": first, "b": ScriptedEngine()}), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).pictures


async def test_a_job_that_may_have_been_begun_is_not_drawn_elsewhere(tmp_path: Path) -> None:
    first, second = ScriptedEngine(behaviour=raising(lambda: UnknownOutcome(engine="demo"))), ScriptedEngine()
    platform = MemoryPlatform()
    async with running_with(tmp_path, pooled({"a": first, "b": second}), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).job.error == "UnknownOutcome"
    assert not second.tasks


async def test_what_was_drawn_before_an_address_went_away_is_delivered(tmp_path: Path) -> None:
    async def half(task: Task, run: Run) -> Result:
        await run.picture(DrawnPicture(png()))
        raise EngineUnavailable(engine="demo")

    first, second, platform = ScriptedEngine(behaviour=half), ScriptedEngine(), MemoryPlatform()
    async with running_with(tmp_path, pooled({"a": first, "b": second}), platform) as bot:
        assert len((await platform.ended((await bot.ask(job(count=2))).id)).pictures) == 1
    assert not second.tasks


async def test_an_engine_that_worked_is_waited_for(tmp_path: Path) -> None:
    engine, platform = ScriptedEngine(), MemoryPlatform()
    async with running_with(tmp_path, pooled({"": engine}), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).pictures
        engine.behaviour, engine.healthy = raising(lambda: EngineUnavailable(engine="demo"), 1), False
        asked = await bot.ask(job())
        while not any("can't reach" in status.text for status in platform.statuses):
            await asyncio.sleep(0.01)
        assert (await bot.get(asked.id)).state is State.QUEUED
        engine.healthy = True
        assert (await platform.ended(asked.id)).pictures


async def test_an_engine_that_stays_away_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, platform = ScriptedEngine(), MemoryPlatform()
    async with running_with(tmp_path, pooled({"": engine}), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).pictures
        monkeypatch.setattr("bot.jobs.worker.AWAY_S", 0.2)
        engine.behaviour, engine.healthy = raising(lambda: EngineUnavailable(engine="demo")), False
        asked = [await bot.ask(job()) for _ in range(3)]
        for each in asked:
            delivery = await platform.ended(each.id)
            assert delivery.text == "I can't reach the engine demo right now. Please try again later."


async def test_a_busy_engine_draws_it_later_and_is_not_asked_for_ever(tmp_path: Path) -> None:
    engine = ScriptedEngine(behaviour=raising(lambda: EngineBusy(engine="demo"), 3))
    platform = MemoryPlatform()
    async with running_with(tmp_path, pooled({"": engine}), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).pictures
        assert len(engine.tasks) == 4
        engine.behaviour = raising(lambda: EngineBusy(engine="demo"))
        assert (await platform.ended((await bot.ask(job())).id)).job.error == "EngineBusy"


async def test_a_job_begun_at_an_address_that_never_returns_begins_anew_where_that_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.worker.AWAY_S", 0.2)
    can = Capabilities(free=True, resumable=True)

    async def submits(task: Task, run: Run) -> Result:
        await run.submitted("handle")
        await asyncio.sleep(60)
        return Result()

    begun, other = ScriptedEngine(behaviour=submits, can=can), ScriptedEngine(can=can)
    platform = MemoryPlatform()
    async with running_with(tmp_path, pooled({"a": begun}), platform, grace=0) as bot:
        asked = await bot.ask(job())
        await begun.started.wait()
        while (await bot.get(asked.id)).handle is None:
            await asyncio.sleep(0.01)
    gone = ScriptedEngine(can=can, healthy=False, resumes=raising(lambda: EngineUnavailable(engine="demo")))
    async with running_with(tmp_path, pooled({"a": gone, "b": other}), platform):
        assert (await platform.ended(asked.id)).pictures
    assert gone.resumed == ["handle"]
    assert len(other.tasks) == 1
