"""Whatever people do and clocks show: no limit is ever exceeded, and nobody is refused who would not exceed one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.db.database import Database
from bot.errors import Refused
from bot.jobs import claims, journal
from bot.limits import MINUTE_S, SKEW_S, Price
from bot.settings.tables import Limits
from bot.types import Job
from tests.support.jobs import LEASE, ManualClock, job
from tests.support.limits import ask, used

pytestmark = pytest.mark.both_databases
ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Pacific/Chatham")
_names = itertools.count()
"""Examples share a database, not its people."""


@dataclass(frozen=True)
class Ask:
    person: int
    server: int
    count: int
    cents: int
    """Of each picture."""


@dataclass(frozen=True)
class Begin:
    """The next job has its turn."""


@dataclass(frozen=True)
class End:
    """One of the jobs that have not ended ends so."""

    which: int
    how: Literal["cancelled", "failed", "drawn", "half drawn"]


@dataclass(frozen=True)
class Pass:
    seconds: float


ACTIONS = st.lists(
    st.one_of(
        st.builds(Ask, st.integers(0, 1), st.integers(0, 1), st.integers(1, 4), st.sampled_from([0, 1, 10])),
        st.builds(Ask, st.just(0), st.just(0), st.integers(1, 2), st.just(10)),
        st.builds(Begin),
        st.builds(End, st.integers(0, 9), st.sampled_from(["cancelled", "failed", "drawn", "half drawn"])),
        st.builds(Pass, st.sampled_from([0.5, 20, 59.5, 60, 3600, 40_000, 86_400, 2_700_000, -5, -90, -90_000])),
    ),
    min_size=5,
    max_size=25,
)
SOME_LIMITS = st.builds(
    Limits,
    per_minute=st.none() | st.integers(1, 3),
    per_day=st.none() | st.integers(1, 9),
    waiting=st.none() | st.integers(1, 3),
    money_per_day=st.none() | st.sampled_from([0.0, 0.1, 0.35, 1.0]),
    money_per_month=st.none() | st.sampled_from([0.3, 1.0, 2.0]),
)


@dataclass
class Taken:
    """What the model knows of an accepted job."""

    job: Job
    at: float
    day: str
    pictures: int
    cents: int
    state: Literal["waiting", "running", "ended"] = "waiting"


@dataclass
class Model:
    """The same rules, counted anew each time from everything that was ever accepted."""

    limits: dict[str, Limits]
    zone: ZoneInfo
    taken: list[Taken] = field(default_factory=list)

    def day(self, now: float) -> str:
        return f"{datetime.fromtimestamp(now, self.zone):%Y-%m-%d}"

    def counts(self, owner: str, now: float) -> dict[str, float]:
        """Return what counts by now, by the names of the limits; money in cents."""
        mine = [each for each in self.taken if owner in _owners(each.job)]
        today = [each for each in mine if each.day == self.day(now)]
        month = [each for each in mine if each.day[:7] == self.day(now)[:7]]
        return {
            "per_minute": sum(now - MINUTE_S < each.at <= now + SKEW_S for each in mine),
            "per_day": sum(each.pictures for each in today),
            "waiting": sum(each.state == "waiting" for each in mine),
            "money_per_day": sum(each.cents for each in today),
            "money_per_month": sum(each.cents for each in month),
        }

    def exceeds(self, new: Job, cents: int, now: float) -> bool:
        more = {"per_minute": 1, "per_day": new.plan.count, "waiting": 1}
        more |= {"money_per_day": cents, "money_per_month": cents}
        return any(
            more[name] and self.counts(owner, now)[name] + more[name] > limit
            for owner in _owners(new)
            for name, limit in self._allowed(owner)
        )

    def _allowed(self, owner: str) -> list[tuple[str, float]]:
        given = self.limits[owner.partition(":")[0]].model_dump(exclude_none=True)
        return [(name, round(limit * 100) if "money" in name else limit) for name, limit in given.items()]


def _owners(new: Job) -> tuple[str, str]:
    return f"person:{new.person.key}", f"server:{new.place.server_key}"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(actions=ACTIONS, person=SOME_LIMITS, server=SOME_LIMITS, zone=st.sampled_from(ZONES))
async def test_limits_hold_and_refuse_nobody_else(
    database: Database, clock: ManualClock, actions: Sequence[Any], person: Limits, server: Limits, zone: str
) -> None:
    example = next(_names)
    engine = f"engine{example}"
    clock.now = 1_772_900_000.0 + example  # 7 March 2026: a change of clocks and the end of a month lie ahead
    model = Model({"person": person, "server": server}, ZoneInfo(zone))
    for action in actions:
        open_ = [each for each in model.taken if each.state != "ended"]
        match action:
            case Pass(seconds):
                clock.now += seconds
            case Ask(who, where, count, cents):
                new = job(f"p{example}-{who}", f"s{example}-{where}", engine=engine, count=count)
                price = Price(person, server, model.zone, cents * count / 100)
                if model.exceeds(new, cents * count, clock.now):
                    with pytest.raises(Refused):
                        await ask(database, new, price)
                else:
                    await ask(database, new, price)
                    model.taken.append(Taken(new, clock.now, model.day(clock.now), count, cents * count))
            case Begin():
                held = await database.write(partial(claims.claim, owner="w", lease_s=LEASE, room={engine: {"": 100}}))
                for each in open_:
                    if held is not None and each.job.id == held.id:
                        each.job, each.state = held, "running"
            case End(which, how) if open_:
                await _end(database, open_[which % len(open_)], how)
        for owner in {owner for each in model.taken for owner in _owners(each.job)}:
            ledger = await used(database, owner)
            counts = model.counts(owner, clock.now)
            pictures, money = ledger.get(model.day(clock.now), (0, 0.0))
            assert (pictures, money) == (counts["per_day"], counts["money_per_day"] / 100)


async def _end(database: Database, taken: Taken, how: str) -> None:
    """End a job, one that waits by cancelling it."""
    held, half = taken.job, taken.pictures // 2
    if taken.state == "waiting":
        assert await database.write(lambda tx: journal.cancel(tx, held.id))
        taken.pictures = taken.cents = 0
    elif how == "drawn" or (how == "half drawn" and not half):
        await database.write(lambda tx: journal.drawn(tx, held, {}))
    elif how == "half drawn":
        await database.write(lambda tx: journal.drawn(tx, held, {"missing": taken.pictures - half}))
        taken.cents, taken.pictures = taken.cents * half // taken.pictures, half
    else:
        await database.write(lambda tx: journal.cancelled(tx, held))
        taken.pictures = taken.cents = 0
    taken.state = "ended"
