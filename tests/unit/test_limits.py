"""What fits into the limits of a person and of a server, to the picture, the cent and the second."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot import errors
from bot.db.database import Database
from bot.errors import Refused
from bot.jobs import journal
from bot.limits import SKEW_S
from bot.types import Job
from tests.support.jobs import ManualClock, claim, job
from tests.support.limits import Owner, allowed, another, ask, everything, refusal, used

pytestmark = pytest.mark.both_databases
both_owners = pytest.mark.parametrize("owner", ["person", "server"])


def kind(owner: Owner, name: str) -> type[Refused]:
    """Return the error of this name, as it is for a person or for a server."""
    found = getattr(errors, name if owner == "person" else f"Server{name}")
    assert isinstance(found, type) and issubclass(found, Refused)
    return found


@both_owners
async def test_requests_of_any_sixty_seconds_are_counted(database: Database, clock: ManualClock, owner: Owner) -> None:
    price, began = allowed(owner, per_minute=2), clock.now
    await ask(database, another(owner, 1, count=4), price)
    clock.now = began + 20
    await ask(database, another(owner, 2), price)
    clock.now = began + 59.5
    error = await refusal(database, another(owner, 3), price)
    assert (type(error), error.args_["limit"]) == (kind(owner, "RateLimited"), 2)
    assert error.args_["wait"].seconds == pytest.approx(0.5)
    clock.now = began + 60
    await ask(database, another(owner, 3), price)
    error = await refusal(database, another(owner, 4), price)
    assert error.args_["wait"].seconds == pytest.approx(20)
    clock.now += 20
    await ask(database, another(owner, 4), price)


@both_owners
async def test_cancelling_does_not_make_room_in_a_minute(database: Database, owner: Owner) -> None:
    price = allowed(owner, per_minute=1)
    asked = await ask(database, another(owner, 1), price)
    assert await database.write(lambda tx: journal.cancel(tx, asked.id))
    assert isinstance(await refusal(database, another(owner, 2), price), errors.RateLimited)


@both_owners
async def test_pictures_of_a_day_are_counted_and_not_requests(database: Database, owner: Owner) -> None:
    price = allowed(owner, per_day=5)
    await ask(database, another(owner, 1, count=3), price)
    error = await refusal(database, another(owner, 2, count=3), price)
    assert type(error) is kind(owner, "QuotaShort")
    assert {**error.args_, "wait": 0} == {"limit": 5, "left": 2, "asked": 3, "wait": 0}
    await ask(database, another(owner, 3, count=2), price)
    error = await refusal(database, another(owner, 4), price)
    assert (type(error), error.args_["limit"]) == (kind(owner, "QuotaUsed"), 5)


@both_owners
async def test_requests_that_wait_are_counted_at_all_engines_together(database: Database, owner: Owner) -> None:
    price = allowed(owner, waiting=2)
    await ask(database, another(owner, 1), price)
    cancelled = await ask(database, another(owner, 2, engine="other"), price)
    for engine in ("demo", "other", "third"):
        error = await refusal(database, another(owner, 3, engine=engine), price)
        assert (type(error), error.args_) == (kind(owner, "TooManyJobs"), {"limit": 2})
    await claim(database)  # it has its turn
    await ask(database, another(owner, 3), price)
    assert isinstance(await refusal(database, another(owner, 4), price), errors.TooManyJobs)
    await database.write(lambda tx: journal.cancel(tx, cancelled.id))
    await ask(database, another(owner, 4), price)


@both_owners
@pytest.mark.parametrize(("limit", "period"), [("money_per_day", "a day"), ("money_per_month", "a month")])
async def test_money_is_counted_to_the_cent(database: Database, owner: Owner, limit: str, period: str) -> None:
    budget: dict[str, Any] = {limit: 0.35}
    price = allowed(owner, money=0.1, **budget)
    for number in range(3):  # 0.1 + 0.1 + 0.1 > 0.3
        await ask(database, another(owner, number), price)
    error = await refusal(database, another(owner, 4), price)
    assert type(error) is kind(owner, "BudgetUsed")
    said = {"cost": "0.10", "left": "0.05", "limit": "0.35", "period": period}
    assert {name: error.args_[name] for name in said} == said
    await ask(database, another(owner, 5), allowed(owner, money=0.05, **budget))
    error = await refusal(database, another(owner, 6), allowed(owner, money=0.0004, **budget))
    assert (error.args_["cost"], error.args_["left"]) == ("0.0004", "0.00")
    budget[limit] = 0.01  # the operator allows less by now
    await ask(database, another(owner, 7), allowed(owner, **budget))  # what costs nothing always fits


@both_owners
async def test_sums_that_are_not_exact_exceed_nothing(database: Database, owner: Owner) -> None:
    price = allowed(owner, money=0.1, money_per_day=0.3, money_per_month=0.3)
    for number in range(3):
        await ask(database, another(owner, number), price)
    assert isinstance(await refusal(database, another(owner, 4), price), errors.BudgetUsed)


@both_owners
async def test_a_month_goes_on_where_a_day_ends(database: Database, clock: ManualClock, owner: Owner) -> None:
    clock.now = 1_000_000.0  # 12 January 1970, 13:46:40
    price = allowed(owner, money=1.0, money_per_day=1.0, money_per_month=2.0, per_day=1)
    for _ in range(2):
        await ask(database, another(owner, 1), price)
        clock.now += 86400
    error = await refusal(database, another(owner, 2), price)
    assert error.args_["period"] == "a month"
    clock.now += error.args_["wait"].seconds
    assert clock.now == 31 * 86400
    await ask(database, another(owner, 2), price)


@pytest.mark.parametrize("name", ["per_minute", "per_day", "waiting"])
@both_owners
async def test_a_limit_of_nothing_switches_drawing_off(database: Database, owner: Owner, name: str) -> None:
    nothing: dict[str, Any] = {name: 0}
    price = allowed(owner, **nothing)
    assert type(await refusal(database, another(owner, 1), price)) is errors.GeneratingOff
    assert type(await refusal(database, another(owner, 1, kind="edit"), price)) is errors.EditingOff


# ── whose they are ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("limits", [{"per_minute": 1}, {"per_day": 1}, {"waiting": 1}, {"money_per_day": 1.0}])
async def test_nobody_is_held_to_what_others_used(database: Database, limits: dict[str, Any]) -> None:
    person, server = allowed("person", money=1.0, **limits), allowed("server", money=1.0, **limits)
    await ask(database, job("ann", "s"), person)
    await refusal(database, job("ann", "t"), person)
    await ask(database, job("bob", "s"), person)
    await refusal(database, job("cat", "s"), server)
    await ask(database, job("ann", "t"), server)  # a limit of this server: not what she used elsewhere
    await refusal(database, job("dan", "t"), server)


async def test_a_server_whose_name_is_a_persons_has_limits_of_its_own(database: Database) -> None:
    price = allowed("person", per_day=1, waiting=1, per_minute=1)
    await ask(database, job("bob", "ann"), price)
    await ask(database, job("ann", "bob"), price)


# ── all or nothing ──────────────────────────────────────────────────────────────────────────────────────────────────

EVERY_LIMIT: list[tuple[dict[str, Any], Job]] = [
    ({"per_minute": 1}, job()),
    ({"per_day": 1}, job()),
    ({"per_day": 2}, job(count=2)),
    ({"waiting": 1}, job()),
    ({"money_per_day": 1.0}, job()),
    ({"money_per_month": 1.0}, job()),
    ({"per_day": 0}, job()),
]


@both_owners
@pytest.mark.parametrize(("limits", "new"), EVERY_LIMIT, ids=lambda each: str(each) if isinstance(each, dict) else "")
async def test_who_is_refused_has_taken_nothing(
    database: Database, owner: Owner, limits: dict[str, Any], new: Job
) -> None:
    await ask(database, job(), allowed("person", money=1.0))
    before = await everything(database)
    await refusal(database, new, allowed(owner, money=1.0, **limits))
    assert await everything(database) == before
    assert before["jobs"] and before["lanes"] and before["usage"] and before["charges"]
    await ask(database, new, allowed(owner, money=1.0))


async def test_the_same_request_takes_once(database: Database) -> None:
    price = allowed("person", money=0.5, per_minute=1, per_day=2, waiting=1, money_per_day=0.5)
    asked = await asyncio.gather(*(ask(database, job(count=2), price, "message-1") for _ in range(5)))
    assert len({each.id for each in asked}) == 1
    assert await used(database, "person:local:ann") == {"1970-01-12": (2, 0.5), "1970-01": (2, 0.5)}
    assert len((await everything(database))["charges"]) == 1


@both_owners
@pytest.mark.parametrize("limits", [{"per_minute": 5}, {"per_day": 5}, {"waiting": 5}, {"money_per_day": 5.0}])
async def test_however_many_ask_at_the_same_moment_no_more_get_through(
    database: Database, owner: Owner, limits: dict[str, Any]
) -> None:
    price = allowed(owner, money=1.0, **limits)
    new = [another(owner, number, engine=f"engine{number}") for number in range(20)]  # none waits for another's line
    answers = await asyncio.gather(*(ask(database, each, price) for each in new), return_exceptions=True)
    assert sum(isinstance(each, Job) for each in answers) == 5
    assert sum(isinstance(each, Refused) for each in answers) == 15
    assert len((await everything(database))["jobs"]) == 5


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_clock_that_was_set_back_locks_nobody_out(database: Database, clock: ManualClock) -> None:
    price = allowed("person", per_minute=1, per_day=1)
    await ask(database, job(), price)
    clock.now -= 86400
    await ask(database, job(), price)
    assert isinstance(await refusal(database, job(), price), errors.RateLimited)


async def test_who_got_ahead_of_a_slower_one_counts_for_it(database: Database, clock: ManualClock) -> None:
    price = allowed("person", per_minute=1)
    await ask(database, job(), price)
    clock.now -= SKEW_S / 2  # the time the slower one had asked for before it had to wait
    error = await refusal(database, job(), price)
    assert error.args_["wait"].seconds == pytest.approx(60 + SKEW_S / 2)
