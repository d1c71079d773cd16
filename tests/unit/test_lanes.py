"""Whose turn it is: fair by server, then by person; within caps; and the places that people are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.db.database import Database
from bot.jobs import claims, journal, lanes, places, recovery
from bot.jobs.lanes import Caps, Lane
from bot.types import Job
from tests.support.jobs import LEASE, ManualClock, add, claim, draw, job, recover, takes, try_claim

pytestmark = pytest.mark.both_databases


async def asked(database: Database, person: str, server: str = "s", times: int = 1, **plan: int) -> list[Job]:
    new = [job(person, server, **plan) for _ in range(times)]
    return await database.write(lambda tx: [journal.add(tx, each, each.id) for each in new])


async def turns(database: Database, number: int, *, finish: bool = True) -> list[str]:
    """Claim so many jobs, each drawn before the next if `finish`, and return whose they were."""
    who = []
    for _ in range(number):
        claimed = await claim(database)
        who.append(claimed.person.id)
        if finish:
            await draw(database, claimed)
    return who


async def test_servers_take_turns_then_people_then_age(database: Database, clock: ManualClock) -> None:
    names = {}
    for name, person, server in (
        ("a1", "ann", "s"),
        ("a2", "ann", "s"),
        ("a3", "ann", "s"),
        ("b1", "bob", "s"),
        ("c1", "cat", "t"),
    ):
        names[(await add(database, job(person, server))).id] = name
        clock.now += 1
    assert [names[(await claim(database)).id] for _ in range(5)] == ["a1", "c1", "b1", "a2", "a3"]


async def test_a_newcomer_starts_at_the_next_free_slot(database: Database) -> None:
    await asked(database, "hog", times=200)
    assert set(await turns(database, 57)) == {"hog"}
    held = await claim(database, slots=1)
    await asked(database, "new")
    assert await try_claim(database, slots=1) is None
    await draw(database, held)
    assert await turns(database, 3) == ["new", "hog", "hog"]


async def test_many_waiting_of_one_server_do_not_hold_up_another(database: Database) -> None:
    await asked(database, "ann", "large", times=1000)
    await asked(database, "bob", "small", times=10)
    both = Counter(await turns(database, 20))
    assert both == {"ann": 10, "bob": 10}


async def test_nobody_saves_turns_up_and_nobody_pays_for_earlier_ones(database: Database) -> None:
    await asked(database, "ann", times=50)
    assert set(await turns(database, 50)) == {"ann"}  # nobody else was there
    await asked(database, "bob", times=6)
    await turns(database, 2)
    await asked(database, "ann", times=4)
    assert Counter(await turns(database, 8)) == {"ann": 4, "bob": 4}


async def test_pictures_count_and_not_requests(database: Database) -> None:
    await asked(database, "four", times=5, count=4)
    await asked(database, "one", times=20, count=1)
    assert Counter(await turns(database, 10)) == {"four": 2, "one": 8}


async def test_a_job_that_comes_back_has_not_had_its_turn(database: Database) -> None:
    await asked(database, "ann", times=2)
    await asked(database, "bob", times=2)
    first = await claim(database)
    await database.write(lambda tx: journal.moved(tx, first))
    assert await turns(database, 4) == ["ann", "bob", "ann", "bob"]


@pytest.mark.parametrize(
    ("caps", "expected"),
    [
        (Caps(), {"ann": 3, "bob": 3}),
        (Caps(person=1), {"ann": 1, "bob": 1, "cat": 1}),
        (Caps(server=2), {"ann": 1, "bob": 1, "cat": 1}),
        (Caps(person=2, server=3), {"ann": 2, "bob": 1, "cat": 1}),
    ],
)
async def test_caps_hold_for_all_engines_together(database: Database, caps: Caps, expected: dict[str, int]) -> None:
    for person, server, engine in (
        ("ann", "s", "demo"),
        ("ann", "s", "other"),
        ("bob", "s", "demo"),
        ("cat", "t", "x"),
    ):
        for _ in range(3):
            await add(database, job(person, server, engine=engine))
    room = {each: {"": 100} for each in ("demo", "other", "x")}
    running: Counter[str] = Counter()
    while (held := await database.write(lambda tx: claims.claim(tx, "w", LEASE, room, caps))) is not None:
        running[held.person.id] += 1
        assert sum(running.values()) < 50
    if caps == Caps():
        assert running == {"ann": 6, "bob": 3, "cat": 3}
    else:
        assert max(running[each] for each in ("ann", "bob")) <= (caps.person or 100)
        assert running["ann"] + running["bob"] <= (caps.server or 100)
        assert running["cat"] == min(3, caps.person or 3, caps.server or 3)
        assert running["ann"] + running["bob"] == min(caps.server or 100, 2 * (caps.person or 100), 9)


async def test_an_address_has_no_more_than_its_slots_and_the_least_busy_is_taken(database: Database) -> None:
    await asked(database, "ann", times=9)
    room = {"demo": {"http://a": 1, "http://b": 3}}
    held = [await database.write(lambda tx: claims.claim(tx, "w", LEASE, room)) for _ in range(5)]
    assert [each.address if each else None for each in held] == ["http://a", "http://b", "http://b", "http://b", None]
    assert held[0] is not None
    await draw(database, held[0])
    again = await database.write(lambda tx: claims.claim(tx, "other", LEASE, room))
    assert again is not None
    assert again.address == "http://a"


async def test_a_begun_job_goes_on_first_and_only_at_the_address_that_knows_it(database: Database) -> None:
    both = await asked(database, "ann", times=2)
    room = {"demo": {"http://a": 1, "http://b": 1}}
    held = await database.write(lambda tx: claims.claim(tx, "w", LEASE, room))
    assert held is not None
    assert held.address == "http://a"
    await database.write(lambda tx: journal.submitted(tx, held, "handle", 0))
    await database.write(
        lambda tx: recovery.recover(tx, everything=True, engines={"demo": "resumable"}, addresses=room)
    )
    elsewhere = await database.write(lambda tx: claims.claim(tx, "w", LEASE, {"demo": {"http://b": 1}}))
    assert elsewhere is not None
    assert {held.id, elsewhere.id} == {each.id for each in both}
    await asked(database, "bob")
    back = await database.write(lambda tx: claims.claim(tx, "w", LEASE, room))
    assert back is not None
    assert (back.id, back.handle) == (held.id, "handle")


async def test_counts_are_right_whatever_became_of_the_jobs(database: Database) -> None:
    held = [*(await asked(database, "ann", times=4)), *(await asked(database, "bob", "t", times=2))]
    await database.write(lambda tx: journal.cancel(tx, held[0].id))
    first, second = await claim(database), await claim(database)
    await draw(database, first)
    assert await recover(database) == [second.id]
    await database.write(lambda tx: journal.cancel(tx, second.id))
    third = await claim(database)
    await database.write(lambda tx: journal.cancelled(tx, third))
    while (last := await try_claim(database)) is not None:
        await draw(database, last)
    assert await database.read(lanes.waited_for) == {}
    assert await database.read(lambda tx: lanes.running_at(tx, "demo")) == 0
    assert (
        await database.read(lambda tx: lanes.at_cap(tx, 1, servers=True) | lanes.at_cap(tx, 1, servers=False)) == set()
    )


async def test_lanes_nobody_is_in_are_forgotten_without_giving_turns_away(database: Database) -> None:
    await asked(database, "hog", times=20)
    await turns(database, 10)
    await asked(database, "ann", "t")
    await turns(database, 2)
    await database.write(lanes.forget_idle)
    await asked(database, "ann", "t", times=3)
    await asked(database, "bob", "t", times=1)
    assert Counter(await turns(database, 8)) == {"hog": 4, "ann": 3, "bob": 1}
    await turns(database, 5)
    await database.write(lanes.forget_idle)
    await database.write(lanes.forget_idle)
    await asked(database, "new", "s")
    assert await turns(database, 1) == ["new"]


async def test_the_places_told_are_the_places_taken(database: Database, clock: ManualClock) -> None:
    for person, server, times in (("ann", "s", 4), ("bob", "s", 2), ("cat", "t", 3), ("dan", "u", 1)):
        for _ in range(times):
            await add(database, job(person, server))
            clock.now += 1
    await turns(database, 2)
    upcoming = await database.read(lambda tx: places.upcoming(tx, "demo", 100))
    assert len(upcoming) == 8
    assert [await database.read(lambda tx, each=each: places.ahead(tx, each)) for each in upcoming] == list(range(8))  # type: ignore[misc]
    assert [each.id for each in await database.read(lambda tx: places.upcoming(tx, "demo", 3))] == [
        each.id for each in upcoming[:3]
    ]
    taken = [await claim(database) for _ in upcoming]
    assert [each.id for each in taken] == [each.id for each in upcoming]


LINES = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3), st.integers(0, 8)), min_size=1, max_size=6).map(
    lambda rows: [Lane(f"n{number}", *row) for number, row in enumerate(rows)]
)


@given(LINES)
def test_a_place_is_how_many_turns_come_before(line: Sequence[Lane]) -> None:
    order = places.sequence(line, 1000)
    assert len(order) == sum(lane.waiting for lane in line)
    had: Counter[str] = Counter()
    for turn, name in enumerate(order):
        had[name] += 1
        others = turn - (had[name] - 1)
        assert places.before(line, name, had[name], 1) == others


async def test_the_expected_wait_is_what_the_engine_took(database: Database) -> None:
    waiting = await asked(database, "ann", times=6)
    assert await database.read(lambda tx: places.wait_s(tx, waiting[0], 0, 2)) is None
    await takes(database, "demo", 10)
    held = [await claim(database), await claim(database)]
    expected = [await database.read(lambda tx, n=n: places.wait_s(tx, waiting[-1], n, 2)) for n in range(4)]  # type: ignore[misc]
    assert expected == [2.5, 5.0, 10.0, 15.0]
    await database.write(lambda tx: journal.drawn(tx, held[0], {}, 20.0))
    assert await database.read(lambda tx: lanes.pace(tx, "demo")) == pytest.approx(12)
    assert await database.read(lambda tx: places.wait_s(tx, waiting[-1], 0, 2)) is None  # a slot is free
