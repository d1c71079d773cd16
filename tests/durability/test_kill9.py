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
from tests.support.process import Process, Visitor, rows, started, write_config

ROUNDS = 25
IN_DATABASE = {"posted": "posting"}
"""What the journal says in a state, where it is not the state's own name."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("state", STATES)
async def test_killed_in_a_state(tmp_path: Path, free_port: Callable[[], int], state: str) -> None:
    """Each round starts the process, which first has to end the job the last one died with."""
    config = write_config(tmp_path, free_port)
    marks = tmp_path / "marks"
    marks.mkdir()
    words = f"a fox, die {state} --count 2 --size 64x64"
    async with Visitor() as visitor:
        for number in range(ROUNDS + 1):
            async with mortal(config, marks) as process:
                await visitor.open(process)
                if number > 0:
                    # Sent again, as the page does when the answer got lost: the same message, no second job.
                    message = await visitor.say(words, id=f"message-{number - 1}")
                    assert len((await visitor.answer_to(message["id"]))["pictures"]) == 2
                if number == ROUNDS:
                    assert await process.stop() == 0
                    break
                with contextlib.suppress(aiohttp.ClientError):  # it may die before it answers
                    await visitor.say(words, id=f"message-{number}")
                assert await process.died() == -signal.SIGKILL
            expected = IN_DATABASE.get(state, state)
            assert rows(tmp_path, "select state from jobs order by created desc limit 1") == [(expected,)]
    assert len(list(marks.iterdir())) == ROUNDS
    ends = Counter(job for (job,) in rows(tmp_path, "select job from studio_messages where job is not null"))
    assert sorted(ends.values()) == [1] * ROUNDS
    assert rows(tmp_path, "select state, count(*) from jobs group by state") == [("delivered", ROUNDS)]
    drawn_again = 1 if state == "running" else 0
    assert rows(tmp_path, "select distinct attempts from jobs") == [(1 + drawn_again,)]
    # Pictures of the attempts that were cut off are gone.
    assert rows(tmp_path, "select count(*) from pictures") == [(2 * ROUNDS,)]


@pytest.mark.timeout(400)
async def test_killed_at_any_moment(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """The unmodified process, several jobs at once, killed from outside whenever."""
    chance = random.Random(20261120)
    config = write_config(tmp_path, free_port, seconds=0.2)
    said: list[int] = []

    async def use(visitor: Visitor, process: Process) -> None:
        await visitor.open(process)
        said.extend([(await visitor.say("a boat at sea --size 64x64"))["id"] for _ in range(2)])
        await asyncio.sleep(chance.random())

    async with Visitor() as visitor:
        for _ in range(ROUNDS):
            async with started(config) as process:
                await use(visitor, process)
        async with started(config) as process:
            await visitor.open(process)
            for message in said:
                await visitor.answer_to(message)
            assert await process.stop() == 0
    ends = Counter(job for (job,) in rows(tmp_path, "select job from studio_messages where job is not null"))
    states = dict(rows(tmp_path, "select state, count(*) from jobs group by state"))
    gave_up = states.pop("failed", 0)  # three deaths of the process while it was drawn: told, not tried for ever
    assert states == {"delivered": 2 * ROUNDS - gave_up}
    assert len(ends) == 2 * ROUNDS
    assert set(ends.values()) == {1}
