"""How much a person and a server may ask for, counted in the transaction that accepts the job.

Two ledgers. What a person and their server may have is taken when a job is accepted and given back as far as nothing is
delivered. What is spent at an engine is counted when it is known, or when it cannot be known, and never given back.

The owner's rows are written before anything is compared, so that on PostgreSQL a second process waits for the first and
counts what it took. They outlive the jobs: who clears their history has used what they used.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.db.database import Tx
from bot.db.schema import HAS_WAITING, OF_PEOPLE, OF_SERVERS, charges, lanes, usage
from bot.errors import (
    BudgetUsed,
    EditingOff,
    GeneratingOff,
    QuotaShort,
    QuotaUsed,
    RateLimited,
    ServerBudgetUsed,
    ServerQuotaShort,
    ServerQuotaUsed,
    ServerRateLimited,
    ServerTooManyJobs,
    TooManyJobs,
)
from bot.i18n.marks import N_, Wait
from bot.settings.tables import Limits
from bot.types import Job

MINUTE_S = 60.0
SKEW_S = 10.0
"""Requests so far in the future count in the last minute: on PostgreSQL one that asked for the time later may get its
owner's rows first. Those further off were written before the clock was set back.
"""
KEEP_CHARGES_S = 40 * 86400.0
"""Longer than any job lives, so that every one can be given back."""
KEEP_DAYS = 400
"""Days for which it stays known what was used."""
CENT = 1e-9
"""Sums of prices are not exact; a budget is not exceeded by less."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a job will take, for whom, and when the days of its server begin."""

    person: Limits
    server: Limits
    zone: ZoneInfo
    money: float = 0.0
    """Of all its pictures, in the operator's currency, as far as it is known before."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """Somebody who has a limit."""

    key: str
    limits: Limits
    server: bool


def take(tx: Tx, job: Job, price: Price) -> None:
    """Take what an accepted job needs of its person's and its server's quota; the job counts in its lanes already.

    Raises RateLimited, QuotaUsed, QuotaShort, BudgetUsed, TooManyJobs, or what these are called for a server; where a
    limit is 0, GeneratingOff or EditingOff. Then the transaction must be given up.
    """
    local = datetime.fromtimestamp(tx.now, price.zone)
    day, pictures, money = f"{local:%Y-%m-%d}", job.plan.count, price.money
    used = _use(tx, job.place.server_key, job.person.key, day, pictures, money)
    for owner in (
        _Owner(job.person.key, price.person, server=False),
        _Owner(job.place.server_key, price.server, server=True),
    ):
        limits = owner.limits
        if 0 in (limits.per_minute, limits.per_day, limits.running, limits.waiting):  # there is nothing to wait for
            raise EditingOff if job.plan.kind == "edit" else GeneratingOff
        _check_minute(tx, owner)
        _check_waiting(tx, owner)
        _check_day(owner, used, pictures, local)
        _check_money(owner, used, money, local)
    charge = {"job": job.id, "person": job.person.key, "server": job.place.server_key, "engine": job.plan.engine}
    new = charge | {"day": day, "pictures": pictures, "money": money, "spent": 0.0, "created": tx.now}
    tx.execute(_NEW, new)


def lock(tx: Tx, job_ids: Collection[str]) -> None:
    """Lock what several jobs took, in the order of `take`: before a transaction gives more than one of them back."""
    mine = tx.execute(sa.select(charges).where(charges.c.job.in_(job_ids))).all()
    owners = {f"server:{each.server}" for each in mine} | {f"person:{each.person}" for each in mine}
    periods = {period for each in mine for period in (each.day, each.day[:7])}
    rows = sa.select(usage.c.owner).where(usage.c.owner.in_(owners), usage.c.period.in_(periods))
    # Backwards is servers before people, and days before months.
    tx.execute(rows.order_by(usage.c.owner.desc(), usage.c.period.desc()).with_for_update())


def drawn(tx: Tx, job_id: str, pictures: int, cost: float | None = None) -> None:
    """Give back what was taken for pictures that were not drawn; `cost` is what the engine itself says it took."""
    if (charge := _charge(tx, job_id)) is None:
        return
    credible = cost is not None and 0 <= cost < math.inf  # no answer of an engine may spoil the sums
    money = cost if cost is not None and credible else _share(charge, pictures)
    _settle(tx, charge, pictures, money)
    _spent(tx, charge, money)


def give_back(tx: Tx, job_id: str) -> None:
    """Give back all that a job took: nothing of it was delivered. Doing it again changes nothing."""
    if (charge := _charge(tx, job_id)) is not None:
        _settle(tx, charge, 0, 0.0)


def kept(tx: Tx, job_id: str) -> None:
    """Count as spent what an engine may have charged for the whole job; before any of it is given back."""
    if (charge := _charge(tx, job_id)) is not None:
        _spent(tx, charge, charge.money)


def forget(tx: Tx) -> None:
    """Delete what no limit and no figure needs any more."""
    tx.execute(charges.delete().where(charges.c.created < tx.now - KEEP_CHARGES_S))
    oldest = datetime.fromtimestamp(tx.now) - timedelta(days=KEEP_DAYS)
    tx.execute(usage.delete().where(usage.c.period < f"{oldest:%Y-%m-%d}"))


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_Used = Mapping[tuple[str, str], sa.Row[Any]]
"""Owner and period → what is used by now."""


def _use(tx: Tx, server: str, person: str, day: str, pictures: int, money: float) -> _Used:
    """Add to what a server and a person used on this day and in its month; always in the same order."""
    owners = (f"server:{server}", f"person:{person}")
    return _add(tx, [(owner, period) for owner in owners for period in (day, day[:7])], pictures, money)


def _add(tx: Tx, rows: Sequence[tuple[str, str]], pictures: int, money: float) -> _Used:
    added: dict[str, Any] = {"pictures": pictures, "money": money}
    for number, (owner, period) in enumerate(rows):
        added |= {f"owner{number}": owner, f"period{number}": period}
    return {(row.owner, row.period): row for row in tx.execute(_adding(len(rows)), added)}


@functools.cache
def _adding(rows: int) -> sa.TextClause:
    """Return the statement that adds to so many rows: as text, which both databases read and which is made once."""
    values = ", ".join(f"(:owner{number}, :period{number}, :pictures, :money)" for number in range(rows))
    return sa.text(
        f"insert into usage (owner, period, pictures, money) values {values} on conflict (owner, period) do update "
        "set pictures = usage.pictures + excluded.pictures, money = usage.money + excluded.money "
        "returning owner, period, pictures, money"
    )


def _charge(tx: Tx, job_id: str) -> sa.Row[Any] | None:
    return tx.execute(_CHARGE, {"this": job_id}).one_or_none()


def _share(charge: sa.Row[Any], pictures: int) -> float:
    return float(charge.money) * pictures / charge.pictures if charge.pictures else 0.0


def _settle(tx: Tx, charge: sa.Row[Any], pictures: int, money: float) -> None:
    """Make a charge this large from now on."""
    if (pictures, money) == (charge.pictures, charge.money):
        return
    _use(tx, charge.server, charge.person, charge.day, pictures - charge.pictures, money - charge.money)
    tx.execute(charges.update().where(charges.c.job == charge.job).values(pictures=pictures, money=money))


def _spent(tx: Tx, charge: sa.Row[Any], money: float) -> None:
    """See to it that this much of a job counts as spent at its engine; it never becomes less."""
    if money <= charge.spent:
        return
    owner = f"engine:{charge.engine}"
    _add(tx, [(owner, charge.day), (owner, charge.day[:7])], 0, money - charge.spent)
    tx.execute(charges.update().where(charges.c.job == charge.job).values(spent=money))


def _check_minute(tx: Tx, owner: _Owner) -> None:
    if (limit := owner.limits.per_minute) is None:
        return
    whose = charges.c.server if owner.server else charges.c.person
    window = (whose == owner.key) & (charges.c.created > tx.now - MINUTE_S) & (charges.c.created <= tx.now + SKEW_S)
    newest = sa.select(charges.c.created).where(window).order_by(charges.c.created.desc()).limit(limit)
    times = list(tx.execute(newest).scalars())
    if len(times) == limit:  # when the oldest of them is a minute old, there is room for one more
        kind = ServerRateLimited if owner.server else RateLimited
        raise kind(limit=limit, wait=Wait(times[-1] + MINUTE_S - tx.now))


def _check_waiting(tx: Tx, owner: _Owner) -> None:
    limit = owner.limits.waiting
    if limit is None:
        return
    level = OF_SERVERS if owner.server else OF_PEOPLE
    query = sa.select(sa.func.sum(lanes.c.waiting)).where(HAS_WAITING, lanes.c.name == owner.key, level)
    if (tx.execute(query).scalar() or 0) > limit:
        raise (ServerTooManyJobs if owner.server else TooManyJobs)(limit=limit)


def _check_day(owner: _Owner, used: _Used, asked: int, local: datetime) -> None:
    if (limit := owner.limits.per_day) is None:
        return
    now = used[_name(owner), f"{local:%Y-%m-%d}"].pictures
    if now <= limit:
        return
    wait, left = Wait(_until(local, month=False)), max(0, limit - (now - asked))
    if left:
        raise (ServerQuotaShort if owner.server else QuotaShort)(limit=limit, left=left, asked=asked, wait=wait)
    raise (ServerQuotaUsed if owner.server else QuotaUsed)(limit=limit, wait=wait)


def _check_money(owner: _Owner, used: _Used, cost: float, local: datetime) -> None:
    if not cost:
        return  # also when more was spent than expected, or the operator allows less by now
    for limit, period, month in (
        (owner.limits.money_per_month, f"{local:%Y-%m}", True),
        (owner.limits.money_per_day, f"{local:%Y-%m-%d}", False),
    ):
        if limit is None or (now := used[_name(owner), period].money) <= limit + CENT:
            continue
        raise (ServerBudgetUsed if owner.server else BudgetUsed)(
            cost=_amount(cost),
            left=_amount(max(0.0, limit - (now - cost))),
            limit=_amount(limit),
            period=N_("a month") if month else N_("a day"),
            wait=Wait(_until(local, month=month)),
        )


def _amount(money: float) -> str:
    """Write an amount with two decimals, or with up to four where prices are that small."""
    whole, _, part = f"{money:.4f}".partition(".")
    return f"{whole}.{part.rstrip('0'):0<2}"


def _name(owner: _Owner) -> str:
    return f"{'server' if owner.server else 'person'}:{owner.key}"


def _until(local: datetime, *, month: bool) -> float:
    """Return the seconds until the next day, or the next month, begins in this time zone."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    begins = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1) if month else midnight + timedelta(days=1)
    return begins.timestamp() - local.timestamp()


_NEW = charges.insert()
_CHARGE = charges.select().where(charges.c.job == sa.bindparam("this")).with_for_update()
