"""SIGKILL of the real process in every state: each job ends exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from tests.support.mortal import STATES, mortal
from tests.support.postgres import PostgresServer
from tests.support.process import Process, Visitor, end_leases, rows_at, started, write_config

ROUNDS = {"sqlite": 10, "postgresql": 3}
IN_DATABASE = {"posted": "posting"}
"""What the journal says in a state, where it is not the state's own name."""


def where(folder: Path, database_url: str) -> tuple[str, dict[str, str], int]:
    """Return a database's address, how a process is told of it, and how many rounds are made."""
    if database_url.startswith("sqlite"):  # not named: it is in the process's own folder
        return f"sqlite:///{folder / 'data' / 'easel.db'}", {}, ROUNDS["sqlite"]
    return database_url, {"EASEL_DATABASE_URL": database_url}, ROUNDS["postgresql"]


@pytest.mark.both_databases
@pytest.mark.timeout(400)
@pytest.mark.parametrize("state", STATES)
async def test_killed_in_a_state(tmp_path: Path, free_port: Callable[[], int], database_url: str, state: str) -> None:
    """Each round starts the process, which first has to end the job the last one died with."""
    url, environ, rounds = where(tmp_path, database_url)
    config = write_config(tmp_path, free_port)
    marks = tmp_path / "marks"
    marks.mkdir()
    words = f"a fox, die {state} --count 2 --size 64x64"
    async with Visitor() as visitor:
        for number in range(rounds + 1):
            async with mortal(config, marks, environ) as process:
                await visitor.open(process)
                if number > 0:
                    # Sent again, as the page does when the answer got lost: the same message, no second job.
                    message = await visitor.say(words, id=f"message-{number - 1}")
                    assert len((await visitor.answer_to(message["id"]))["pictures"]) == 2
                if number == rounds:
                    assert await process.stop() == 0
                    break
                with contextlib.suppress(aiohttp.ClientError):  # it may die before it answers
                    await visitor.say(words, id=f"message-{number}")
                assert await process.died() == -signal.SIGKILL
            expected = IN_DATABASE.get(state, state)
            assert rows_at(url, "select state from jobs order by created desc limit 1") == [(expected,)]
            await end_leases(url)
    assert len(list(marks.iterdir())) == rounds
    ends = Counter(job for (job,) in rows_at(url, "select job from studio_messages where job is not null"))
    assert sorted(ends.values()) == [1] * rounds
    assert rows_at(url, "select state, count(*) from jobs group by state") == [("delivered", rounds)]
    drawn_again = 1 if state == "running" else 0
    assert rows_at(url, "select distinct attempts from jobs") == [(1 + drawn_again,)]
    # Pictures of the attempts that were cut off are gone.
    assert rows_at(url, "select count(*) from pictures") == [(2 * rounds,)]


@pytest.mark.both_databases
@pytest.mark.timeout(400)
async def test_killed_at_any_moment(tmp_path: Path, free_port: Callable[[], int], database_url: str) -> None:
    """The unmodified process, several jobs at once, killed from outside whenever."""
    url, environ, rounds = where(tmp_path, database_url)
    chance = random.Random(20261120)
    config = write_config(tmp_path, free_port, seconds=0.2)
    said: list[int] = []

    async def use(visitor: Visitor, process: Process) -> None:
        await visitor.open(process)
        said.extend([(await visitor.say("a boat at sea --size 64x64"))["id"] for _ in range(2)])
        await asyncio.sleep(chance.random())

    async with Visitor() as visitor:
        for _ in range(rounds):
            async with started(config, environ) as process:
                await use(visitor, process)
            await end_leases(url)
        async with started(config, environ) as process:
            await visitor.open(process)
            for message in said:
                await visitor.answer_to(message)
            assert await process.stop() == 0
    ends = Counter(job for (job,) in rows_at(url, "select job from studio_messages where job is not null"))
    states = Counter(state for (state,) in rows_at(url, "select state from jobs"))
    gave_up = states.pop("failed", 0)  # three deaths of the process while it was drawn: told, not tried for ever
    assert states == {"delivered": 2 * rounds - gave_up}
    assert len(ends) == 2 * rounds
    assert set(ends.values()) == {1}


async def test_another_process_takes_over_what_a_killed_one_was_drawing(
    tmp_path: Path, free_port: Callable[[], int], postgres: PostgresServer
) -> None:
    """One serves the studio, the other only draws; only when that one is dead, the first draws, too."""
    marks = tmp_path / "marks"
    folders = [tmp_path / name for name in ("studio", "worker")]
    for folder in (marks, *folders):
        folder.mkdir()
    serving, drawing = (write_config(folder, free_port) for folder in folders)
    with postgres.database() as url:
        workers = f"{url}&application_name=worker"
        async with (
            Visitor() as visitor,
            mortal(serving, marks, {"EASEL_DATABASE_URL": url}, only="local", draws=False) as studio,
            mortal(drawing, marks, {"EASEL_DATABASE_URL": workers}, only="workers") as worker,
        ):
            await visitor.open(studio)
            boat = await visitor.say("a boat at sea --size 64x64")
            assert len((await visitor.answer_to(boat["id"]))["pictures"]) == 1
            fox = await visitor.say("a fox, die running --count 2 --size 64x64")
            assert await worker.died() == -signal.SIGKILL
            assert rows_at(url, "select state, attempts from jobs order by created desc limit 1") == [("running", 1)]
            await end_leases(workers)
            assert len((await visitor.answer_to(fox["id"]))["pictures"]) == 2
            assert await studio.stop() == 0
        found = rows_at(url, "select state, attempts from jobs order by created")
        ends = Counter(job for (job,) in rows_at(url, "select job from studio_messages where job is not null"))
        assert rows_at(url, "select count(*) from pictures") == [(1 + 2,)]
    assert found == [("delivered", 1), ("delivered", 2)]
    assert list(ends.values()) == [1, 1]
