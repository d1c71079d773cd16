"""The courier: every end is told once, whatever platforms do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from bot.answers import Delivery, Status
from bot.db import pictures
from bot.db.database import Tx
from bot.engines.base import Result, Run, Task
from bot.errors import NoPermission, StorageFull, TooLarge
from bot.jobs import courier as courier_module
from bot.jobs import statuses as statuses_module
from bot.types import Job, MessageRef, State
from tests.support.bot import running
from tests.support.engines import ScriptedEngine, draws
from tests.support.jobs import add, claim, draw, job, opened
from tests.support.memory_platform import MemoryPlatform

T = TypeVar("T")


def failing(*faults: Exception) -> Callable[[Delivery], None]:
    """Return a fault that raises these in turn, then nothing."""
    left = list(faults)

    def fault(delivery: Delivery) -> None:
        if left:
            raise left.pop(0)

    return fault


async def test_a_platform_that_fails_for_a_while_gets_the_picture_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(courier_module, "POLL_S", 0.02)
    platform = MemoryPlatform(fault=failing(OSError("gone"), TimeoutError()))
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        asked = await bot.ask(job())
        assert (await platform.ended(asked.id)).pictures
    assert len(platform.deliveries) == 1
    assert platform.looked_for == [asked.id, asked.id]


async def test_a_post_that_got_through_unnoticed_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(courier_module, "POLL_S", 0.02)
    platform = MemoryPlatform()

    def after_commit(delivery: Delivery) -> None:
        platform.fault = lambda delivery: None
        platform.deliveries.append(delivery)
        raise ConnectionResetError

    platform.fault = after_commit
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        asked = await bot.ask(job())
        while (await bot.get(asked.id)).state is not State.DELIVERED:
            await asyncio.sleep(0.01)
    assert len(platform.deliveries) == 1


async def test_a_picture_too_large_for_the_place_becomes_a_plain_reason(tmp_path: Path) -> None:
    platform = MemoryPlatform(fault=failing(TooLarge(limit=10)))
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        asked = await bot.ask(job())
        delivery = await platform.ended(asked.id)
        assert delivery.text == "The picture is ready but larger than this place allows (10 MB)."
        assert delivery.pictures == ()
        assert (await bot.get(asked.id)).state is State.FAILED


async def test_where_easel_may_not_speak_it_does_not_try_for_ever(tmp_path: Path) -> None:
    platform = MemoryPlatform(fault=failing(NoPermission(permission="Send Messages")))
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        asked = await bot.ask(job())
        while not (await bot.get(asked.id)).state.ended:
            await asyncio.sleep(0.01)
    assert platform.deliveries == []


async def test_a_disk_full_while_posting_holds_the_delivery_up_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(courier_module, "POLL_S", 0.02)
    platform, refused = MemoryPlatform(), asyncio.Event()
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        write = bot.database.write

        async def full(fn: Callable[[Tx], T]) -> T:
            refused.set()
            raise StorageFull

        platform.fault = lambda delivery: monkeypatch.setattr(bot.database, "write", full)
        asked = await bot.ask(job())
        await platform.ended(asked.id)
        await refused.wait()
        monkeypatch.setattr(bot.database, "write", write)
        while (await bot.get(asked.id)).state is not State.DELIVERED:
            await asyncio.sleep(0.01)
    assert len(platform.deliveries) == 1


async def test_a_status_that_hangs_does_not_hold_up_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(MemoryPlatform):
        async def status(self, status: Status) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(statuses_module, "TIMEOUT_S", 0.05)
    platform = Hanging()
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        assert (await platform.ended((await bot.ask(job())).id)).pictures


async def test_standings_come_as_slowly_as_a_platform_bears_and_do_not_hold_up_the_picture(tmp_path: Path) -> None:
    async def told_often(task: Task, run: Run) -> Result:
        for number in range(50):
            run.progress(number / 50)
            await asyncio.sleep(0)
        return await draws(task, run)

    platform = MemoryPlatform(status_every_s=3600)
    async with running(tmp_path, ScriptedEngine(behaviour=told_often), platform) as bot:
        asked = await bot.ask(job())
        await platform.ended(asked.id)
        while asked.id not in platform.settled:
            await asyncio.sleep(0.01)
    assert len(platform.statuses) == 1


async def test_a_status_message_that_cannot_be_taken_away_changes_nothing(tmp_path: Path) -> None:
    class Stubborn(MemoryPlatform):
        async def settle(self, job: Job, posted: tuple[MessageRef, ...]) -> None:
            raise OSError

    platform = Stubborn()
    async with running(tmp_path, ScriptedEngine(), platform) as bot:
        asked = await bot.ask(job())
        while (await bot.get(asked.id)).state is not State.DELIVERED:
            await asyncio.sleep(0.01)
    assert len(platform.deliveries) == 1


async def test_pictures_deleted_before_they_were_posted_are_not_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(courier_module, "POLL_S", 0.02)
    platform = MemoryPlatform(fault=failing(*[OSError("down")] * 3))
    async with opened(tmp_path) as database:
        asked = await add(database, job())
        await draw(database, await claim(database))
        drawn = await database.read(lambda tx: pictures.of_job(tx, asked.id, "result"))
        await database.write(lambda tx: pictures.delete(tx, [each.id for each in drawn]))
    async with running(tmp_path, ScriptedEngine(), platform):
        delivery = await platform.ended(asked.id)
    assert (delivery.job.error, delivery.pictures) == ("Gone", ())
