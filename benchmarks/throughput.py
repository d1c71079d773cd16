"""Jobs per second from request to delivery, with pictures of 100 kB and an engine that takes no time.

    python -m benchmarks.throughput

All of Easel's way is in it: decision, plan, limits, queue, inspection of the picture in the sandbox, storage, delivery.
Beside it stands the database's own floor: the same rows and bytes written in as many transactions, and nothing else.
PostgreSQL is measured with one process, and with a second one that draws. Goals: 60 jobs/s on SQLite, 100 on
PostgreSQL.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from benchmarks.databases import databases
from bot.answers import Accepted, Delivery
from bot.config import Config, load
from bot.db import pictures
from bot.db.database import Tx
from bot.engines.base import DrawnPicture, Result, Run, Task
from bot.engines.making import TYPES, Type
from bot.jobs import journal
from bot.process import Parts, assembled
from bot.types import MessageRef, Person, Picture, Place, Request, new_id
from tests.support.databases import opened_at
from tests.support.engines import ScriptedEngine
from tests.support.jobs import job
from tests.support.memory_platform import MemoryPlatform
from tests.support.openai_pictures import noise

JOBS = 600
AT_ONCE = 24
"""Requests under way at a time: people who wait for their answer before they ask again."""
SERVERS, PEOPLE = 10, 5
PICTURE = noise(100_000)
TRANSACTIONS = 8
"""That write, on the way of a job: accepted, claimed, picture stored, drawn, delivery claimed, delivered, two more."""


class Fetching(MemoryPlatform):
    """Takes the pictures as a platform does, and counts."""

    parts: Parts

    async def post(self, delivery: Delivery) -> tuple[MessageRef, ...]:
        """Fetch what is to be posted."""
        for each in delivery.pictures:
            await self.parts.easel.fitted(each.id, 10_000_000, "en")
        return await super().post(delivery)


async def instantly(task: Task, run: Run) -> Result:
    """Draw at once."""
    await run.picture(DrawnPicture(PICTURE))
    return Result()


def config(url: str, folder: str) -> Config:
    """Return the configuration: one engine that takes no time."""
    instant = Type(lambda *_: ScriptedEngine(behaviour=instantly), slots=16)
    cast(dict[str, Type], TYPES)["instant"] = instant
    settings = {"EASEL_DATA_DIR": folder, "EASEL_ENGINES__DEMO__TYPE": "instant"}
    if url.startswith("postgresql"):
        settings["EASEL_DATABASE_URL"] = url
    return load(None, settings)


async def ask(parts: Parts, platform: Fetching, number: int) -> None:
    """Ask for one picture and wait until it is delivered."""
    server = f"s{number % SERVERS}"
    person = Person("local", f"p{server}{number // SERVERS % PEOPLE}")
    place = Place("local", server, "c")
    accepted = await parts.easel.accept(Request(new_id(), person, place, "a red fox in the snow", command="imagine"))
    assert isinstance(accepted, Accepted)
    await platform.ended(accepted.job.id)


async def easel(url: str, folder: str, *, draws: bool) -> float:
    """Return the jobs per second; `draws`: this process has workers."""
    platform = Fetching(status_after_s=5.0)
    async with assembled(config(url, folder), {"local": lambda easel, database: platform}) as parts:
        platform.parts = parts
        tasks = [asyncio.create_task(parts.courier.run())]
        if draws:
            tasks.append(asyncio.create_task(parts.worker.run()))
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with gate:
                await ask(parts, platform, number)

        await asyncio.gather(*(one(-1 - each) for each in range(AT_ONCE)))  # starts the sandbox
        began = time.perf_counter()
        await asyncio.gather(*(one(each) for each in range(JOBS)))
        speed = JOBS / (time.perf_counter() - began)
        await parts.worker.stop(5)
        await parts.courier.stop(5)
        await asyncio.gather(*tasks)
    return speed


def _draw(url: str, folder: str) -> None:
    async def run() -> None:
        async with assembled(config(url, folder), {}) as parts:
            await parts.worker.run()

    asyncio.run(run())


@contextmanager
def drawing_process(url: str) -> Iterator[None]:
    """Run a process that only draws."""
    with tempfile.TemporaryDirectory() as folder:
        process = multiprocessing.get_context("spawn").Process(target=_draw, args=(url, folder), daemon=True)
        process.start()
        try:
            yield
        finally:
            process.kill()
            process.join()


async def floor(url: str) -> float:
    """Return how many times a second a job's rows and its picture can be written, as fast as the database will."""
    async with opened_at(url) as database:

        async def one() -> None:
            new = job()
            await database.write(lambda tx: journal.add(tx, new, new.id))
            known = Picture(new_id(), "image/png", 183, 183, len(PICTURE))

            def store(tx: Tx) -> None:
                pictures.add(tx, known, PICTURE, person="p", platform="local", job=new.id)
                pictures.link(tx, new.id, "result", (known.id,))

            await database.write(store)
            for _ in range(TRANSACTIONS - 2):
                await database.write(lambda tx: journal.status_shown(tx, new.id, "m"))
            await pictures.read(database, known.id)

        gate = asyncio.Semaphore(AT_ONCE)

        async def limited() -> None:
            async with gate:
                await one()

        began = time.perf_counter()
        await asyncio.gather(*(limited() for _ in range(JOBS)))
        return JOBS / (time.perf_counter() - began)


async def main() -> None:
    """Measure and print."""
    goals: Mapping[str, int] = {"SQLite": 60, "PostgreSQL": 100}
    with databases() as urls:
        for name, url in urls.items():
            with tempfile.TemporaryDirectory() as folder:
                lone = url if name == "PostgreSQL" else f"sqlite:///{Path(folder) / 'easel.db'}"
                speeds = {"one process": await easel(lone, folder, draws=True)}
                if name == "PostgreSQL":
                    with drawing_process(url):
                        speeds["and one that draws"] = await easel(url, folder, draws=False)
                lowest = await floor(lone)
            for how, speed in speeds.items():
                share = speed / lowest
                print(
                    f"{name}, {how}: {speed:.0f} jobs/s (goal {goals[name]}), {share:.2f} of its floor of {lowest:.0f}"
                )


if __name__ == "__main__":
    asyncio.run(main())
