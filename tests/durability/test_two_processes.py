"""Several processes at one PostgreSQL at the same moment: nothing is drawn, counted or told twice, and no lock is in
another's way.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
import pytest

from bot.db.database import Database
from bot.types import State
from tests.support.conformance_jobs import Stored, stored
from tests.support.conformance_ledger import Ledger
from tests.support.conformance_turns import Turns
from tests.support.postgres import PostgresServer
from tests.support.process import ROOT
from tests.support.rival import NOW

PROCESSES = 4
ALL = 1_000_000
"""Turns until nobody waits."""


class Process:
    """A running rival, see tests/support/rival.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Use `rivals`."""
        self._process = process

    async def line(self) -> str:
        """Return what it says next; an error of its own is on the tests' standard error."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "a process ended with an error, see above"
        return line.decode().strip()

    async def obey(self, ask: Sequence[dict[str, Any]], **order: Any) -> dict[str, Any]:
        """Have it do something, and return what it did."""
        assert self._process.stdin is not None
        order = {"turns": 0, "cap": None, "trouble": False, "post": False} | order | {"ask": list(ask)}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        done: dict[str, Any] = json.loads(await self.line())
        return done

    async def end(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


@asynccontextmanager
async def rivals(url: str) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(PROCESSES):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.support.rival", url),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                limit=1 << 22,
            )
            found.append(Process(process))
            stack.push_async_callback(found[-1].end)
        for each in found:
            assert await each.line() == "ready"
        yield found


async def together(found: Sequence[Process], asks: Sequence[Sequence[dict[str, Any]]], **order: Any) -> Counter[str]:
    """Have all processes do it at once; return what was done as `what:which` → times."""
    done = await asyncio.gather(*(each.obey(ask, **order) for each, ask in zip(found, asks, strict=True)))
    total: Counter[str] = Counter()
    for each in done:
        for what, which in each.items():
            total.update(
                [f"{what}:{one if isinstance(one, str) else ':'.join(one)}" for one in which]
                if isinstance(which, list)
                else {what: which}
            )
    return total


def wish(
    person: str, server: str = "s", engine: str = "alpha", count: int = 1, money: float = 0.0, **limits: Any
) -> dict[str, Any]:
    return {"person": person, "server": server, "engine": engine, "count": count, "money": money, "limits": limits}


def of(total: Counter[str], what: str) -> Counter[str]:
    """Return which things this was done with."""
    return Counter({key.partition(":")[2]: times for key, times in total.items() if key.startswith(f"{what}:")})


def deadlocks(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select deadlocks from pg_stat_database where datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, clock=lambda: NOW)
    try:
        yield database
    finally:
        await database.aclose()


def adds_up(rows: Stored) -> None:
    """What is used is the sum of the charges."""
    expected = Ledger(dict(rows.charges)).usage()
    for key in rows.usage.keys() | expected.keys():
        assert rows.usage.get(key, (0, 0.0)) == pytest.approx(expected.get(key, (0, 0.0)), abs=1e-6)


async def test_exactly_the_limit_is_accepted_when_all_ask_at_once(postgres: PostgresServer) -> None:
    wishes = [
        wish("minute", per_minute=7),
        wish("day", "t", per_day=23, count=3),
        wish("waiting", "u", waiting=6),
        wish("money", "t", money_per_day=0.9, money=0.1),
    ]
    ask = [each | {"engine": engine} for _ in range(5) for each in wishes for engine in ("alpha", "beta")]
    with postgres.database() as url:
        async with rivals(url) as found:
            # Each begins with another person, so that all of them meet everywhere.
            total = await together(found, [ask[number:] + ask[:number] for number in range(PROCESSES)])
        async with reading(url) as database:
            rows = await database.read(stored)
        assert deadlocks(url) == 0
    assert Counter(job.person for job in rows.jobs.values()) == {
        "local:minute": 7,
        "local:day": 7,  # three pictures each
        "local:waiting": 6,
        "local:money": 9,
    }
    assert set(of(total, "accepted")) == set(rows.jobs)
    assert set(of(total, "refused")) == {
        "minute:RateLimited",
        "day:QuotaShort",
        "waiting:TooManyJobs",
        "money:BudgetUsed",
    }
    adds_up(rows)


async def test_two_servers_get_the_same_from_all_processes_together(postgres: PostgresServer) -> None:
    with postgres.database() as url:
        async with rivals(url) as found:
            crowd = [[wish("ann", "large")] * 30 + [wish("bob", "small")] * 18] * PROCESSES
            await together(found, crowd)
            turns = of(await together(found, [[]] * PROCESSES, turns=30), "claimed")
        assert deadlocks(url) == 0
    assert turns.total() == 30 * PROCESSES
    jain = turns.total() ** 2 / (2 * sum(each**2 for each in turns.values()))
    assert jain > 0.9999


async def test_each_job_ends_once_while_all_ask_cancel_draw_recover_and_post(postgres: PostgresServer) -> None:
    wishes = [
        wish(person, server, engine, count, 0.1 * count, per_day=300)
        for person, server, engine, count in (
            ("ann", "s", "beta", 1),
            ("bob", "t", "alpha", 2),
            ("ann", "t", "alpha", 1),
            ("bob", "s", "beta", 3),
            ("cat", "u", "beta", 1),
            ("cat", "t", "alpha", 1),
            ("ann", "u", "beta", 2),
        )
    ]
    with postgres.database() as url:
        async with rivals(url) as found:
            asks = [(wishes[number:] + wishes[:number]) * 6 for number in range(PROCESSES)]
            total = await together(found, asks, turns=ALL, cap=2, trouble=True, post=True)
            # One may have ended the last job after another had nothing left to post.
            total += await together(found, [[]] * PROCESSES, post=True)
        async with reading(url) as database:
            rows = await database.read(stored)
        assert deadlocks(url) == 0
    assert set(of(total, "accepted")) == set(rows.jobs)
    assert of(total, "told") == Counter(rows.jobs.keys())
    ended = {state: {job.id for job in rows.jobs.values() if job.state is state} for state in State}
    assert ended[State.DELIVERED] | ended[State.FAILED] | ended[State.CANCELLED] == set(rows.jobs)
    promised = set(of(total, "cancelled"))
    # Whoever wrote that it was drawn or failed did so once; who had promised to cancel, cancelled instead.
    assert Counter(ended[State.DELIVERED]) == of(total, "drawn") - Counter(promised)
    assert ended[State.CANCELLED] == promised
    gave_up = {job.id for job in rows.jobs.values() if job.error == "GaveUp"}
    assert Counter(ended[State.FAILED] - gave_up) == of(total, "failed") - Counter(promised)
    assert total["over_cap"] == 0
    assert all(waiting == running == 0 for waiting, running, _, _ in rows.lanes.values())
    assert not Turns(rows.jobs).counts(State.QUEUED)
    adds_up(rows)
