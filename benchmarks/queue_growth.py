"""What a turn costs as the waiting line grows: claim, heartbeat and finish with 100 and with 100 000 jobs waiting.

    python -m benchmarks.queue_growth

On SQLite and PostgreSQL. Goal: at most twice as much.
"""

from __future__ import annotations

import asyncio
import statistics
import time

from benchmarks.databases import databases
from bot.db.database import Database, Tx
from bot.jobs import claims, journal
from tests.support.databases import opened_at
from tests.support.jobs import job

SIZES = (100, 100_000)
ROUNDS = 200
SERVERS, PEOPLE = 200, 20
"""Servers with somebody waiting, and people in each."""
ROOM = {"demo": {"": 1_000_000}}


async def fill(database: Database, number: int) -> None:
    """Let so many jobs wait."""
    for start in range(0, number, 1000):

        def step(tx: Tx, first: int = start) -> None:
            for each in range(first, min(first + 1000, number)):
                new = job(f"p{each // SERVERS % PEOPLE}", f"s{each % SERVERS}")
                journal.add(tx, new, new.id)

        await database.write(step)


async def turn(database: Database) -> float:
    """Give one turn and return how long it took, in seconds."""
    began = time.perf_counter()
    held = await database.write(lambda tx: claims.claim(tx, "w", 30, ROOM))
    assert held is not None
    await database.write(lambda tx: journal.beat(tx, held, 30, 0.5))
    await database.write(lambda tx: journal.drawn(tx, held, {}, 1.0))
    return time.perf_counter() - began


async def measure(url: str) -> list[float]:
    """Return the median milliseconds of a turn at each size."""
    medians = []
    async with opened_at(url) as database:
        waiting = 0
        for size in SIZES:
            await fill(database, size - waiting)
            waiting = size
            times = []
            for _ in range(ROUNDS):
                times.append(await turn(database))
                await fill(database, 1)
            medians.append(statistics.median(times) * 1000)
    return medians


async def main() -> None:
    """Measure both databases and print the ratios."""
    few, many = SIZES
    print(f"claim + heartbeat + finish, median of {ROUNDS}, in milliseconds")
    with databases() as urls:
        for name, url in urls.items():
            short, long = await measure(url)
            print(f"{name:<11} {few} waiting {short:.2f}, {many} waiting {long:.2f}: ratio {long / short:.2f}")
    print("goal: ratio at most 2")


if __name__ == "__main__":
    asyncio.run(main())
