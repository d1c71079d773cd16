"""The two ledgers: what people get back when nothing was delivered, and what engines keep all the same."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from bot import limits
from bot.db import retention
from bot.db.database import Database, Tx
from bot.db.schema import charges, usage
from bot.engines.base import Nature
from bot.errors import BotError, ContentRefused, EngineBusy, EngineTimeout, PlaceGone, QuotaUsed
from bot.jobs import claims, journal, recovery
from bot.types import Job, MessageRef, State
from tests.support.jobs import LEASE, ManualClock, claim, claim_post, draw, get, job, picture, recover
from tests.support.limits import allowed, ask, everything, refusal, used

pytestmark = pytest.mark.both_databases

PRICE = allowed("person", money=0.2)
PERIODS = ("1970-01-12", "1970-01")
End = Callable[[Database, Job], Awaitable[object]]


async def write(database: Database, step: Callable[[Tx], None]) -> None:
    await database.write(step)


def fails(error: BotError, *, give_back: bool = True) -> End:
    async def end(database: Database, asked: Job) -> None:
        claimed = await claim(database)
        await write(database, lambda tx: journal.failed(tx, claimed, error, give_back=give_back))

    return end


def draws(missing: int = 0, cost: float | None = None) -> End:
    async def end(database: Database, asked: Job) -> None:
        claimed = await claim(database)
        await write(database, lambda tx: journal.drawn(tx, claimed, {"missing": missing, "cost": cost}))

    return end


def costs(money: float) -> End:
    async def end(database: Database, asked: Job) -> None:
        await write(database, lambda tx: limits.drawn(tx, asked.id, asked.plan.count, money))

    return end


def crashes(nature: Nature | None, stored: int = 0, handle: str | None = None) -> End:
    """The process dies while the job is drawn, with so many of its pictures stored."""

    async def end(database: Database, asked: Job) -> None:
        claimed = await claim(database)
        if handle is not None:
            await write(database, lambda tx: journal.submitted(tx, claimed, handle, 0))
        for position in range(stored):
            await write(database, partial(journal.picture, job=claimed, position=position, drawn=picture(), data=b"a"))
        await recover(database, nature)

    return end


async def cancelled_waiting(database: Database, asked: Job) -> None:
    await database.write(lambda tx: journal.cancel(tx, asked.id))


async def cancelled_drawing(database: Database, asked: Job) -> None:
    claimed = await claim(database)
    await database.write(lambda tx: journal.cancel(tx, asked.id))
    await write(database, lambda tx: journal.drawn(tx, claimed, {}))


async def cancelled_and_cut_off(database: Database, asked: Job) -> None:
    await claim(database)
    await database.write(lambda tx: journal.cancel(tx, asked.id))
    await recover(database, "paid")


async def moved_and_drawn(database: Database, asked: Job) -> None:
    claimed = await claim(database)
    await write(database, lambda tx: journal.moved(tx, claimed))
    await draws()(database, asked)


async def posting(database: Database) -> Job:
    await draw(database, await claim(database))
    held = await claim_post(database)
    assert held is not None
    return held


async def delivered(database: Database, asked: Job) -> None:
    held = await posting(database)
    await write(database, lambda tx: journal.delivered(tx, held, [MessageRef(held.place, "7")]))


async def not_deliverable(database: Database, asked: Job) -> None:
    held = await posting(database)
    await write(database, lambda tx: journal.not_deliverable(tx, held, PlaceGone()))


async def undeliverable(database: Database, asked: Job) -> None:
    held = await posting(database)
    await write(database, lambda tx: journal.undeliverable(tx, held, PlaceGone()))


async def not_even_in_words(database: Database, asked: Job) -> None:
    await not_deliverable(database, asked)
    held = await claim_post(database)
    assert held is not None and held.state is State.FAILED
    await write(database, lambda tx: journal.undeliverable(tx, held, PlaceGone()))


async def engine_gone(database: Database, asked: Job) -> None:
    await recover(database, None)


async def lost_by_its_address(database: Database, asked: Job) -> None:
    """The address that had begun it is no longer configured."""
    claimed = await claim(database)
    await write(database, lambda tx: journal.submitted(tx, claimed, "handle", 0))
    await recover(database, "resumable")
    await database.write(
        lambda tx: recovery.recover(tx, everything=True, engines={"demo": "resumable"}, addresses={"demo": ("b",)})
    )
    room = {"demo": {"": 1, "b": 1}}
    assert await database.write(lambda tx: claims.claim(tx, "w", LEASE, room)) is None


ENDS: dict[str, tuple[End, int, float, float]] = {
    # how four pictures for 0.20 end; pictures and money that count for people, money that counts for the engine
    "delivered": (delivered, 4, 0.2, 0.2),
    "cancelled while it waits": (cancelled_waiting, 0, 0.0, 0.0),
    "cancelled while it is drawn": (cancelled_drawing, 0, 0.0, 0.2),
    "cancelled, and cut off before it could stop": (cancelled_and_cut_off, 0, 0.0, 0.2),
    "failed": (fails(EngineBusy(engine="demo")), 0, 0.0, 0.0),
    "failed, perhaps drawn all the same": (fails(EngineTimeout(engine="demo", seconds=9)), 0, 0.0, 0.2),
    "refused content": (fails(ContentRefused(engine="demo"), give_back=False), 4, 0.2, 0.0),
    "refused content, refunded": (fails(ContentRefused(engine="demo")), 0, 0.0, 0.0),
    "one picture missing": (draws(missing=1), 3, 0.15, 0.15),
    "dearer than expected": (draws(cost=0.33), 4, 0.33, 0.33),
    "cheaper than expected": (draws(cost=0.01), 4, 0.01, 0.01),
    "one missing, and the engine says what it cost": (draws(missing=1, cost=0.2), 3, 0.2, 0.2),
    "for nothing": (draws(cost=0.0), 4, 0.0, 0.0),
    "for less than nothing": (draws(cost=-1.0), 4, 0.2, 0.2),
    "for no number": (costs(math.nan), 4, 0.2, 0.2),
    "for all the money there is": (costs(math.inf), 4, 0.2, 0.2),
    "not taken by its address at first": (moved_and_drawn, 4, 0.2, 0.2),
    "pictures cannot be posted": (not_deliverable, 0, 0.0, 0.2),
    "nothing can be posted": (undeliverable, 0, 0.0, 0.2),
    "neither pictures nor words can be posted": (not_even_in_words, 0, 0.0, 0.2),
    "cut off at a paid engine": (crashes("paid"), 0, 0.0, 0.2),
    "cut off at an engine that is gone": (crashes(None), 0, 0.0, 0.2),
    "cut off at a paid engine after one picture": (crashes("paid", stored=1), 1, 0.05, 0.2),
    "cut off at a paid engine after all pictures": (crashes("paid", stored=4), 4, 0.2, 0.2),
    "cut off at a free engine, and goes on": (crashes("free", stored=1), 4, 0.2, 0.0),
    "cut off where it can be found again": (crashes("resumable", handle="handle"), 4, 0.2, 0.0),
    "its engine was taken away": (engine_gone, 0, 0.0, 0.0),
    "its address was taken away": (lost_by_its_address, 0, 0.0, 0.2),
}


@pytest.mark.parametrize("how", ENDS)
async def test_what_a_job_took_after_its_end(database: Database, how: str) -> None:
    end, pictures, money, spent = ENDS[how]
    asked = await ask(database, job(count=4), PRICE)
    for owner in ("person:local:ann", "server:local:s"):
        assert await used(database, owner) == dict.fromkeys(PERIODS, (4, 0.2))
    assert await used(database, "engine:demo") == {}
    await end(database, asked)
    for owner in ("person:local:ann", "server:local:s"):
        assert await used(database, owner) == dict.fromkeys(PERIODS, (pictures, money))
    assert await used(database, "engine:demo") == (dict.fromkeys(PERIODS, (0, spent)) if spent else {})


@pytest.mark.parametrize("how", ["cancelled while it waits", "failed", "nothing can be posted", "refused content"])
async def test_what_is_given_back_can_be_had_again(database: Database, how: str) -> None:
    price = allowed("person", money=0.2, per_day=4, money_per_day=0.2)
    end, pictures, _, _ = ENDS[how]
    await end(database, await ask(database, job(count=4), price))
    if pictures:
        assert isinstance(await refusal(database, job(), price), QuotaUsed)
    else:
        await ask(database, job(count=4), price)


async def test_giving_back_again_changes_nothing(database: Database) -> None:
    other = await ask(database, job(count=2), PRICE)
    asked = await ask(database, job(count=4), PRICE)
    await write(database, lambda tx: limits.give_back(tx, asked.id))
    before = await everything(database)
    for _ in range(2):
        await write(database, lambda tx: limits.give_back(tx, asked.id))
        await write(database, lambda tx: limits.kept(tx, asked.id))  # nothing of it is taken any more
        await write(database, lambda tx: limits.give_back(tx, "unknown"))
        await write(database, lambda tx: limits.kept(tx, "unknown"))
        await write(database, lambda tx: limits.drawn(tx, "unknown", 1))
    assert await everything(database) == before
    assert await used(database, "person:local:ann") == dict.fromkeys(PERIODS, (2, 0.2))
    assert (await get(database, other.id)).state is State.QUEUED


async def test_what_an_engine_has_spent_never_becomes_less(database: Database) -> None:
    asked = await ask(database, job(count=4), PRICE)
    spent = []
    for step in (
        partial(limits.kept, job_id=asked.id),
        partial(limits.drawn, job_id=asked.id, pictures=1),
        partial(limits.drawn, job_id=asked.id, pictures=1, cost=0.01),
        partial(limits.drawn, job_id=asked.id, pictures=1, cost=0.3),
        partial(limits.kept, job_id=asked.id),
        partial(limits.give_back, job_id=asked.id),
    ):
        await write(database, step)
        spent.append((await used(database, "engine:demo"))["1970-01"][1])
    assert spent == [0.2, 0.2, 0.2, 0.3, 0.3, 0.3]
    assert await used(database, "person:local:ann") == dict.fromkeys(PERIODS, (0, 0.0))


async def test_it_is_given_back_to_the_day_it_was_taken_from(database: Database, clock: ManualClock) -> None:
    price = allowed("person", money=0.2, per_day=4)
    asked = await ask(database, job(count=4), price)
    clock.now += 86400
    await ask(database, job(count=4), price)
    await database.write(lambda tx: journal.cancel(tx, asked.id))
    ledger = {"1970-01-12": (0, 0.0), "1970-01-13": (4, 0.2), "1970-01": (4, 0.2)}
    assert await used(database, "person:local:ann") == ledger
    assert isinstance(await refusal(database, job(), price), QuotaUsed)


async def test_who_clears_their_history_has_used_what_they_used(database: Database) -> None:
    price = allowed("person", money=0.2, per_day=4)
    asked = await ask(database, job(count=4), price)
    await delivered(database, asked)
    assert await database.write(lambda tx: retention.forget_jobs(tx, asked.person.key)) == 1
    assert await database.read(lambda tx: journal.get(tx, asked.id)) is None
    assert isinstance(await refusal(database, job(), price), QuotaUsed)


async def test_only_what_is_old_is_forgotten(database: Database, clock: ManualClock) -> None:
    clock.now = 1_800_000_000.0
    old = await ask(database, job(), PRICE)
    clock.now += limits.KEEP_CHARGES_S - 1
    new = await ask(database, job(), PRICE)
    await write(database, limits.forget)

    def left(tx: Tx) -> tuple[set[str], int]:
        rows = tx.execute(charges.select()).all()
        return {row.job for row in rows}, len(tx.execute(usage.select()).all())

    assert await database.read(left) == ({old.id, new.id}, 8)
    clock.now += 2
    await write(database, limits.forget)
    assert await database.read(left) == ({new.id}, 8)
    await write(database, lambda tx: limits.give_back(tx, old.id))  # too late, and no harm
    assert await database.read(left) == ({new.id}, 8)
    clock.now += 340 * 86400
    await write(database, limits.forget)
    assert await database.read(left) == (set(), 8)
    clock.now += 35 * 86400  # 415 days after the first, 375 after the second
    await write(database, limits.forget)
    assert await database.read(left) == (set(), 4)
    assert set(await used(database, "person:local:ann")) == {"2027-02-24", "2027-02"}
