"""A job as its row must be, and the rows there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.db.database import Tx
from bot.db.schema import charges, job_pictures, jobs, lanes, metadata, usage
from bot.types import State
from tests.support.conformance_ledger import Charge
from tests.support.conformance_turns import Key


@dataclass
class Expected:
    """A job as its row must be; what a field is called in the table, it is called here."""

    id: str
    person: str
    server: str
    engine: str
    count: int
    created: float
    state: State = State.QUEUED
    ended: float | None = None
    owner: str | None = None
    lease: float | None = None
    fence: int = 0
    attempts: int = 0
    cancel: bool = False
    progress: float | None = None
    address: str | None = None
    handle: str | None = None
    handle_at: int = 0
    facts: Mapping[str, object] = field(default_factory=dict)
    posting_since: float | None = None
    post_attempts: int = 0
    not_before: float = 0.0
    announced: float | None = None
    error: str | None = None
    stored: int = 0
    """Result pictures."""

    @property
    def lanes(self) -> tuple[Key, Key, Key]:
        """Its lanes: of the engine, the server, the person."""
        return (self.engine, "", "*"), (self.engine, "*", self.server), (self.engine, self.server, self.person)

    def let_go(self) -> None:
        """Nobody works on it."""
        self.owner = self.lease = None

    def end(self, state: State, now: float, error: str | None = None) -> None:
        """It ends so."""
        assert self.ended is None, f"{self} ends twice"
        self.let_go()
        self.state, self.ended, self.error = state, now, error


@dataclass(frozen=True)
class Stored:
    """What the database says."""

    jobs: Mapping[str, Expected]
    lanes: Mapping[Key, tuple[int, int, float, float]]
    """Waiting, running, served, clock."""
    charges: Mapping[str, Charge]
    usage: Mapping[tuple[str, str], tuple[int, float]]
    """Owner and period → pictures, money."""


def stored(tx: Tx) -> Stored:
    """Read all of it."""
    results = sa.select(job_pictures.c.job, sa.func.count().label("pictures")).where(job_pictures.c.role == "result")
    pictures = {row.job: row.pictures for row in tx.execute(results.group_by(job_pictures.c.job))}
    special = {"state", "count", "stored"}
    names = [each.name for each in dataclasses.fields(Expected) if each.name not in special]
    return Stored(
        jobs={
            row.id: Expected(
                **{name: getattr(row, name) for name in names},
                state=State(row.state),
                count=row.pictures,
                stored=pictures.get(row.id, 0),
            )
            for row in tx.execute(jobs.select())
        },
        lanes={
            (row.engine, row.parent, row.name): (row.waiting, row.running, row.served, row.clock)
            for row in tx.execute(lanes.select())
        },
        charges={
            row.job: Charge(row.person, row.server, row.engine, row.pictures, row.money, row.created, row.spent)
            for row in tx.execute(charges.select())
        },
        usage={(row.owner, row.period): (row.pictures, row.money) for row in tx.execute(usage.select())},
    )


def wipe(tx: Tx) -> None:
    """Delete every row there is."""
    for table in reversed(metadata.sorted_tables):
        tx.execute(table.delete())
