"""The life of a job in the database: each step once, by its holder only, and the right end after every death."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from functools import partial

import pytest

from bot.db import pictures, seen
from bot.db.database import Database, Tx
from bot.engines.base import Nature
from bot.errors import EngineBusy, PlaceGone
from bot.jobs import journal
from bot.jobs.recovery import MAX_ATTEMPTS
from bot.types import Job, MessageRef, State
from tests.support.jobs import (
    LEASE,
    ManualClock,
    add,
    claim,
    claim_post,
    draw,
    get,
    job,
    picture,
    posting,
    recover,
    try_claim,
)

pytestmark = pytest.mark.both_databases


async def test_from_queued_to_delivered(database: Database, clock: ManualClock) -> None:
    asked = await add(database, job())
    assert (asked.state, asked.created) == (State.QUEUED, clock.now)
    claimed = await claim(database)
    assert (claimed.id, claimed.state, claimed.attempts) == (asked.id, State.RUNNING, 1)
    drawn = await draw(database, claimed)
    assert (await get(database, asked.id)).state is State.DRAWN
    held = await claim_post(database)
    assert held is not None
    assert (held.state, held.posting_since, held.facts) == (State.POSTING, None, {"model": "m"})
    # From the moment it may be seen, words may refer to it.
    assert await database.read(lambda tx: seen.newest(tx, held.place, "easel")) == drawn
    refs = [MessageRef(held.place, "77")]
    await database.write(lambda tx: journal.delivered(tx, held, refs))
    done = await get(database, asked.id)
    assert (done.state, done.posted, done.ended) == (State.DELIVERED, ("77",), clock.now)
    assert await claim_post(database) is None
    assert await database.read(lambda tx: seen.newest(tx, done.place, "easel")) == drawn


async def test_stored_job_comes_back_as_it_was(database: Database) -> None:
    new = job(kind="edit", seed=0, strength=0.4, adapted=("Left out.",), negative="people")
    stored = await add(database, new)
    assert await get(database, new.id) == stored == dataclasses.replace(new, created=stored.created)


async def test_same_key_makes_one_job(database: Database) -> None:
    first = await add(database, job(), "message-1")
    again = await asyncio.gather(*(add(database, job(), "message-1") for _ in range(5)))
    assert {each.id for each in again} == {first.id}


async def test_fairness_stand_in(database: Database, clock: ManualClock) -> None:
    """The server with the fewest running jobs, in it the person with the fewest, then age."""
    asked = {}
    for name, person, server in (
        ("a1", "ann", "s"),
        ("a2", "ann", "s"),
        ("a3", "ann", "s"),
        ("b1", "bob", "s"),
        ("c1", "cat", "t"),
    ):
        asked[(await add(database, job(person, server))).id] = name
        clock.now += 1
    order = [asked[(await claim(database)).id] for _ in range(5)]
    assert order == ["a1", "c1", "b1", "a2", "a3"]


async def test_claims_only_engines_with_room(database: Database) -> None:
    await add(database, job(engine="other"))
    assert await try_claim(database) is None
    assert (await claim(database, engines=("demo", "other"))).plan.engine == "other"


STEPS: list[Callable[[Tx, Job], object]] = [
    lambda tx, held: journal.beat(tx, held, LEASE, 0.5),
    lambda tx, held: journal.submitted(tx, held, "handle", 0),
    lambda tx, held: journal.picture(tx, held, 0, picture(), b"abc"),
    lambda tx, held: journal.drawn(tx, held, {}),
    lambda tx, held: journal.failed(tx, held, EngineBusy(engine="demo")),
    journal.cancelled,
    journal.released,
]


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_that_lost_its_claim_writes_nothing(
    database: Database, clock: ManualClock, step: Callable[[Tx, Job], object]
) -> None:
    await add(database, job())
    old = await claim(database, "old")
    clock.now += LEASE + 1
    await recover(database, everything=False)
    new = await claim(database, "new")
    assert new.fence > old.fence
    with pytest.raises(journal.LeaseLost):
        await database.write(lambda tx: step(tx, old))
    assert await get(database, new.id) == new
    await database.write(lambda tx: step(tx, new))


async def test_heartbeat_keeps_the_claim_and_brings_the_cancel(database: Database, clock: ManualClock) -> None:
    asked = await add(database, job())
    claimed = await claim(database)
    clock.now += LEASE - 1
    assert not await database.write(lambda tx: journal.beat(tx, claimed, LEASE, 0.25))
    clock.now += LEASE - 1
    assert await recover(database, everything=False) == []
    assert await database.write(partial(journal.cancel, job_id=asked.id))
    assert await database.write(lambda tx: journal.beat(tx, claimed, LEASE, 0.5))
    assert (await get(database, asked.id)).progress == 0.5


async def test_cancel_of_a_waiting_job_is_its_end(database: Database) -> None:
    asked = await add(database, job())
    assert await database.write(partial(journal.cancel, job_id=asked.id))
    assert await try_claim(database) is None
    told = await claim_post(database)
    assert told is not None
    assert (told.id, told.state) == (asked.id, State.CANCELLED)
    await database.write(lambda tx: journal.delivered(tx, told, ()))
    assert (await get(database, asked.id)).state is State.CANCELLED
    assert await claim_post(database) is None


@pytest.mark.parametrize("finish", [draw, None])
async def test_cancel_promised_while_running_holds(
    database: Database, finish: Callable[[Database, Job], object] | None
) -> None:
    """The engine may finish, or fail, before it hears of the cancel: the job is cancelled all the same."""
    asked = await add(database, job())
    claimed = await claim(database)
    assert await database.write(partial(journal.cancel, job_id=asked.id))
    if finish is None:
        await database.write(lambda tx: journal.failed(tx, claimed, EngineBusy(engine="demo")))
    else:
        await draw(database, claimed)
    done = await get(database, asked.id)
    assert (done.state, done.error) == (State.CANCELLED, None)
    assert await database.read(lambda tx: pictures.of_job(tx, asked.id, "result")) == ()


async def test_cancel_after_drawing_is_too_late(database: Database) -> None:
    asked = await add(database, job())
    await draw(database, await claim(database))
    assert not await database.write(partial(journal.cancel, job_id=asked.id))
    assert not await database.write(partial(journal.cancel, job_id="unknown"))
    assert (await get(database, asked.id)).state is State.DRAWN


RECOVERY = [
    # nature, handle, attempts, cancel asked → state, error
    ("free", None, 1, False, State.QUEUED, None),
    ("free", None, MAX_ATTEMPTS, False, State.FAILED, "GaveUp"),
    ("free", None, 1, True, State.CANCELLED, None),
    ("resumable", "h", 1, False, State.QUEUED, None),
    ("resumable", None, 1, False, State.FAILED, "Interrupted"),
    ("paid", None, 1, False, State.FAILED, "Interrupted"),
    ("paid", "h", 1, False, State.FAILED, "Interrupted"),
    (None, None, 1, False, State.FAILED, "Interrupted"),
]


@pytest.mark.parametrize(("nature", "handle", "attempts", "cancel", "state", "error"), RECOVERY)
async def test_what_becomes_of_a_running_job_when_its_process_dies(
    database: Database,
    nature: Nature | None,
    handle: str | None,
    attempts: int,
    cancel: bool,
    state: State,
    error: str | None,
) -> None:
    asked = await add(database, job())
    for _ in range(attempts - 1):
        await claim(database)
        await recover(database)
    claimed = await claim(database)
    if handle:
        await database.write(lambda tx: journal.submitted(tx, claimed, "h", 0))
    if cancel:
        await database.write(partial(journal.cancel, job_id=asked.id))
    assert await recover(database, nature) == [asked.id]
    found = await get(database, asked.id)
    assert (found.state, found.error, found.handle) == (state, error, handle)
    assert await recover(database, nature) == []


async def test_pictures_of_a_cut_off_attempt_are_kept(database: Database) -> None:
    asked = await add(database, job(count=2))
    claimed = await claim(database)
    await database.write(lambda tx: journal.picture(tx, claimed, 0, picture(), b"abc"))
    await recover(database)
    again = await claim(database)
    assert len(await database.read(lambda tx: pictures.of_job(tx, asked.id, "result"))) == 1
    await database.write(lambda tx: journal.picture(tx, again, 1, picture(), b"def"))
    assert len(await database.read(lambda tx: pictures.of_job(tx, asked.id, "result"))) == 2


async def test_a_clean_shutdown_does_not_use_up_attempts(database: Database) -> None:
    await add(database, job())
    for _ in range(MAX_ATTEMPTS + 2):
        claimed = await claim(database)
        await database.write(partial(journal.released, job=claimed))
        await recover(database)
    assert (await claim(database)).attempts == 1


async def test_posting_cut_off_is_looked_for_before_it_is_repeated(database: Database, clock: ManualClock) -> None:
    first = await posting(database)
    assert first.posting_since is None
    began = clock.now
    clock.now += 5
    await recover(database, None)
    second = await claim_post(database)
    assert second is not None
    assert (second.id, second.state, second.posting_since) == (first.id, State.POSTING, began)
    with pytest.raises(journal.LeaseLost):
        await database.write(lambda tx: journal.delivered(tx, first, ()))


async def test_posting_that_failed_waits_then_is_tried_again(database: Database, clock: ManualClock) -> None:
    held = await posting(database)
    await database.write(lambda tx: journal.post_later(tx, held, 10))
    assert await claim_post(database) is None
    clock.now += 11
    again = await claim_post(database)
    assert again is not None
    assert (again.id, again.post_attempts) == (held.id, 2)


async def test_place_gone_ends_it_silently(database: Database) -> None:
    held = await posting(database)
    await database.write(lambda tx: journal.undeliverable(tx, held, PlaceGone()))
    done = await get(database, held.id)
    assert (done.state, done.error) == (State.FAILED, "PlaceGone")
    assert await claim_post(database) is None


@pytest.mark.parametrize("stored", [1, 2])
async def test_what_was_drawn_and_paid_for_is_delivered_after_a_crash(database: Database, stored: int) -> None:
    asked = await add(database, job(count=2))
    claimed = await claim(database)
    for number in range(stored):
        await database.write(partial(journal.picture, job=claimed, position=number, drawn=picture(), data=b"abc"))
    await recover(database, "paid")
    found = await get(database, asked.id)
    assert (found.state, found.facts) == (State.DRAWN, {"missing": 2 - stored})


async def test_cancelled_and_then_crashed_leaves_no_pictures(database: Database) -> None:
    asked = await add(database, job(count=2))
    claimed = await claim(database)
    await database.write(lambda tx: journal.picture(tx, claimed, 0, picture(), b"abc"))
    await database.write(partial(journal.cancel, job_id=asked.id))
    await recover(database)
    assert (await get(database, asked.id)).state is State.CANCELLED
    assert await database.read(lambda tx: pictures.of_job(tx, asked.id, "result")) == ()


async def test_a_clock_set_back_does_not_hold_up_a_post(database: Database, clock: ManualClock) -> None:
    held = await posting(database)
    await database.write(lambda tx: journal.post_later(tx, held, 10))
    clock.now -= 86_400
    assert await claim_post(database) is not None
