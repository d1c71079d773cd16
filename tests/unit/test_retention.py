"""What is remembered of a place, what is deleted after its time, and what a person may have forgotten."""

from __future__ import annotations

from functools import partial

import pytest

from bot.db import pictures, retention, seen
from bot.db.database import Database, Tx
from bot.jobs import journal
from bot.types import Job, State
from tests.support.jobs import ManualClock, add, claim, claim_post, draw, get, job, picture

pytestmark = pytest.mark.both_databases


async def test_seen_looks_back_twenty_messages(database: Database) -> None:
    where, first, second = job().place, picture(), picture()

    def note(tx: Tx) -> None:
        for each in (first, second):
            pictures.add(tx, each, b"abc", person="local:ann", platform="local")
        seen.add(tx, where, "0", "easel", [first.id])
        seen.add(tx, where, "1", "other", [second.id])
        for number in range(2, seen.WINDOW):
            seen.add(tx, where, str(number), "other")

    await database.write(note)
    assert await database.read(lambda tx: seen.newest(tx, where)) == second.id
    assert await database.read(lambda tx: seen.newest(tx, where, "easel")) == first.id
    await database.write(lambda tx: pictures.delete(tx, [second.id]))
    assert await database.read(lambda tx: seen.newest(tx, where)) == first.id  # the newest that is still kept
    await database.write(lambda tx: seen.add(tx, where, "20", "other"))
    assert await database.read(lambda tx: seen.newest(tx, where)) is None


async def deliver(database: Database) -> Job:
    posting = await claim_post(database)
    assert posting is not None
    await database.write(lambda tx: journal.delivered(tx, posting, ()))
    return posting


async def test_sweep_drops_what_is_over_its_time(database: Database, clock: ManualClock) -> None:
    def sweep(tx: Tx, keeping: frozenset[str] = frozenset()) -> int:
        return retention.sweep(tx, keep_pictures_s=100, keep_history_s=10_000, keeping=keeping)

    await add(database, job())
    drawn = await draw(database, await claim(database))
    orphan = picture()
    await database.write(lambda tx: pictures.add(tx, orphan, b"abc", person="local:ann", platform="local"))
    clock.now += 5000
    await database.write(sweep)
    assert await pictures.read(database, drawn) == b"abc"  # not delivered yet
    assert await database.read(lambda tx: pictures.get(tx, orphan.id)) is None
    done = await deliver(database)
    clock.now += 99
    await database.write(sweep)
    assert await pictures.read(database, drawn) == b"abc"
    clock.now += 2
    await database.write(lambda tx: sweep(tx, frozenset({"local"})))
    assert await pictures.read(database, drawn) == b"abc"  # the platform keeps them until people delete them
    await database.write(sweep)
    assert await pictures.read(database, drawn) is None
    assert await database.read(lambda tx: pictures.get(tx, drawn)) is not None
    clock.now += 10_000
    await database.write(sweep)
    assert await database.read(lambda tx: journal.get(tx, done.id)) is None


async def test_forgetting_a_person_spares_work_under_way(database: Database) -> None:
    await add(database, job("ann"))
    old = await draw(database, await claim(database))
    await deliver(database)
    given, entering = picture(), picture()
    for each in (given, entering):
        await database.write(partial(pictures.add, picture=each, data=b"abc", person="local:ann", platform="local"))
    waiting = job("bob", kind="edit")
    await database.write(lambda tx: journal.add(tx, waiting, "k", inputs=(given.id,)))
    assert await database.write(lambda tx: retention.forget_pictures(tx, "local:ann")) == 1
    assert await database.write(lambda tx: retention.forget_pictures(tx, "local:ann")) == 0
    assert await database.write(lambda tx: retention.forget_jobs(tx, "local:ann")) == 1
    assert await pictures.read(database, old) is None
    assert await pictures.read(database, given.id) == b"abc"
    assert await pictures.read(database, entering.id) == b"abc"  # its request is being accepted
    assert (await get(database, waiting.id)).state is State.QUEUED
