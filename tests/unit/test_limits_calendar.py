"""When a day and a month of the limits end: by the server's clocks, whatever these do at night."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.db.database import Database
from bot.errors import BudgetUsed, QuotaUsed
from tests.support.jobs import ManualClock, job
from tests.support.limits import allowed, ask, refusal

pytestmark = pytest.mark.both_databases
HOUR, DAY = 3600.0, 86400.0

MOMENTS = [
    # zone, moment, seconds until the next day and until the next month
    ("UTC", "2026-01-31T12:00+00:00", 12 * HOUR, 12 * HOUR),
    ("UTC", "2026-12-31T23:59:59+00:00", 1, 1),
    ("UTC", "2026-04-30T00:00+00:00", DAY, DAY),
    ("UTC", "2027-02-28T00:00+00:00", DAY, DAY),
    ("UTC", "2028-02-28T12:00+00:00", 12 * HOUR, 36 * HOUR),  # a leap year
    ("UTC", "2028-02-29T00:00+00:00", DAY, DAY),
    ("Asia/Shanghai", "2026-03-10T15:59:59+00:00", 1, 21 * DAY + 1),  # 23:59:59 there
    ("Asia/Shanghai", "2026-03-31T16:00+00:00", DAY, 30 * DAY),  # the first second of April there
    ("America/New_York", "2026-03-08T00:30-05:00", 22.5 * HOUR, 24 * DAY - 1.5 * HOUR),  # clocks go forward at 2:00
    ("America/New_York", "2026-03-08T03:00-04:00", 21 * HOUR, 23 * DAY + 21 * HOUR),
    ("America/New_York", "2026-11-01T00:30-04:00", 24.5 * HOUR, 30 * DAY + 0.5 * HOUR),  # and back at 2:00
    ("America/New_York", "2026-11-01T01:30-04:00", 23.5 * HOUR, 29 * DAY + 23.5 * HOUR),
    ("America/New_York", "2026-11-01T01:30-05:00", 22.5 * HOUR, 29 * DAY + 22.5 * HOUR),
    ("America/New_York", "2026-10-31T23:00-04:00", 1 * HOUR, 1 * HOUR),
    ("Pacific/Chatham", "2026-04-05T00:15+13:45", 24.75 * HOUR, 26 * DAY + 0.75 * HOUR),  # back at 3:45
    ("Pacific/Chatham", "2026-09-27T00:15+12:45", 22.75 * HOUR, 4 * DAY - 1.25 * HOUR),  # forward at 2:45
    ("America/Havana", "2026-03-07T23:00-05:00", 1 * HOUR, 24 * DAY),  # forward at 0:00: the day begins at 1:00
]


@pytest.mark.parametrize(("zone", "moment", "day", "month"), MOMENTS)
async def test_a_limit_ends_when_it_says(
    database: Database, clock: ManualClock, zone: str, moment: str, day: float, month: float
) -> None:
    daily = allowed("person", zone=ZoneInfo(zone), per_day=1)
    monthly = allowed("server", zone=ZoneInfo(zone), money=1.0, money_per_month=1.0)
    began = clock.now = datetime.fromisoformat(moment).timestamp()
    await ask(database, job("ann", "s"), daily)
    await ask(database, job("bob", "t"), monthly)
    for price, new, kind, wait in (
        (daily, job("ann", "u"), QuotaUsed, day),
        (monthly, job("cat", "t"), BudgetUsed, month),
    ):
        clock.now = began
        error = await refusal(database, new, price)
        assert isinstance(error, kind)
        assert error.args_["wait"].seconds == wait
        clock.now = began + wait - 0.001
        assert isinstance(await refusal(database, new, price), kind)
        clock.now = began + wait
        await ask(database, new, price)


async def test_a_day_is_that_of_the_server_one_asks_on(database: Database, clock: ManualClock) -> None:
    clock.now = datetime.fromisoformat("2026-03-10T20:00+00:00").timestamp()
    west, east = (allowed("person", zone=ZoneInfo(zone), per_day=1) for zone in ("America/New_York", "Asia/Shanghai"))
    await ask(database, job("ann", "s"), west)
    await ask(database, job("ann", "t"), east)  # tomorrow already
    clock.now += 8 * HOUR  # and now in the west, too: the same tomorrow
    assert isinstance(await refusal(database, job("ann", "s"), west), QuotaUsed)
