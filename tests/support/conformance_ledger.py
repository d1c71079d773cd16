"""What a quota must hold: a list of charges, every sum made anew from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.limits import CENT, MINUTE_S, SKEW_S
from bot.settings.tables import Limits


@dataclass
class Charge:
    """What a job took, and what it keeps of it."""

    person: str
    server: str
    engine: str
    pictures: int
    money: float
    created: float
    spent: float = 0.0
    """Of the operator's money, at the engine."""

    @property
    def day(self) -> str:
        """The day it counts on, in UTC."""
        return f"{datetime.fromtimestamp(self.created, UTC):%Y-%m-%d}"

    def keep(self, pictures: int) -> None:
        """Give back all but these pictures."""
        share = self.share(pictures)
        self.pictures, self.money = pictures, share

    def share(self, pictures: int) -> float:
        """Return the price of so many of its pictures."""
        return self.money * pictures / self.pictures if self.pictures else 0.0

    def spend(self, money: float) -> None:
        """So much was spent for it at least."""
        self.spent = max(self.spent, money)


@dataclass
class Ledger:
    """All charges by their jobs; they outlive them."""

    charges: dict[str, Charge] = field(default_factory=dict)

    def refusal(self, new: Charge, person: Limits, server: Limits, waiting: Counter[str]) -> str | None:
        """Return the name of the error with which `new` must be refused; `waiting` counts owners' jobs with it."""
        charges = [*self.charges.values(), new]
        for prefix, owner, limits in (("", new.person, person), ("Server", new.server, server)):
            mine = [each for each in charges if owner in (each.person, each.server)]
            day = sum(each.pictures for each in mine if each.day == new.day)
            minute = sum(new.created - MINUTE_S < each.created <= new.created + SKEW_S for each in mine)
            month_money = sum(each.money for each in mine if each.day[:7] == new.day[:7])
            day_money = sum(each.money for each in mine if each.day == new.day)
            if limits.per_minute is not None and minute > limits.per_minute:
                return f"{prefix}RateLimited"
            if limits.waiting is not None and waiting[owner] > limits.waiting:
                return f"{prefix}TooManyJobs"
            if limits.per_day is not None and day > limits.per_day:
                return f"{prefix}{'QuotaShort' if day - new.pictures < limits.per_day else 'QuotaUsed'}"
            if not new.money:
                continue
            if limits.money_per_month is not None and month_money > limits.money_per_month + CENT:
                return f"{prefix}BudgetUsed"
            if limits.money_per_day is not None and day_money > limits.money_per_day + CENT:
                return f"{prefix}BudgetUsed"
        return None

    def usage(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Return the table `usage` as it must be, but for rows of zeros: owner and period → pictures, money."""
        pictures: Counter[tuple[str, str]] = Counter()
        money: dict[tuple[str, str], float] = {}
        for owner, charge, count, amount in self._entries():
            for period in (charge.day, charge.day[:7]):
                pictures[owner, period] += count
                money[owner, period] = money.get((owner, period), 0.0) + amount
        return {key: (pictures[key], amount) for key, amount in money.items()}

    def _entries(self) -> Iterator[tuple[str, Charge, int, float]]:
        for charge in self.charges.values():
            yield f"person:{charge.person}", charge, charge.pictures, charge.money
            yield f"server:{charge.server}", charge, charge.pictures, charge.money
            yield f"engine:{charge.engine}", charge, 0, charge.spent
