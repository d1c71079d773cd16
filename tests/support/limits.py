"""Requests that take of somebody's limits, and what was counted."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from bot.db.database import Database, Tx
from bot.db.schema import metadata, usage
from bot.errors import Refused
from bot.jobs import journal
from bot.limits import Price
from bot.settings.tables import Limits
from bot.types import Job
from tests.support.jobs import job

Owner = Literal["person", "server"]
UTC = ZoneInfo("UTC")


def allowed(owner: Owner, *, zone: ZoneInfo = UTC, money: float = 0.0, **limits: Any) -> Price:
    """Return what a request costs, where only people, or only servers, have limits."""
    limited, free = Limits(**limits), Limits()
    return Price(*((limited, free) if owner == "person" else (free, limited)), zone, money)


def another(owner: Owner, number: int, **plan: Any) -> Job:
    """Return a job of the person Ann on some server, or of some person on the server s."""
    return job("ann", f"s{number}", **plan) if owner == "person" else job(f"p{number}", "s", **plan)


async def ask(database: Database, new: Job, price: Price, key: str | None = None) -> Job:
    """Have a job accepted. Raises Refused."""
    return await database.write(lambda tx: journal.add(tx, new, key or new.id, price=price))


async def refusal(database: Database, new: Job, price: Price) -> Refused:
    """Return why a job is not accepted."""
    with pytest.raises(Refused) as raised:
        await ask(database, new, price)
    return raised.value


async def used(database: Database, owner: str) -> dict[str, tuple[int, Any]]:
    """Return period → pictures and money of an owner such as `person:local:ann`."""
    rows = await database.read(lambda tx: tx.execute(usage.select().where(usage.c.owner == owner)).all())
    return {row.period: (row.pictures, pytest.approx(row.money)) for row in rows}


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables."""

    def look(tx: Tx) -> dict[str, list[tuple[Any, ...]]]:
        return {
            each.name: sorted((tuple(row) for row in tx.execute(each.select())), key=repr)
            for each in metadata.sorted_tables
        }

    return await database.read(look)
