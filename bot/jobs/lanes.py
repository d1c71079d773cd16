"""Waiting lines: how many wait and run at each engine, and whose turn is next.

An engine's line is a tree of lanes: the whole engine, in it its servers, in each of them its people. A job counts in
one lane of each level. Turns are given by start-time fair queueing (Goyal, Vin, Cheng 1996): a lane's `served` is the
time of its next turn, each turn moves it on by the pictures it took, the lane with the lowest comes next, and the
parent's `clock` is the turn given last. A lane that was empty begins at its parent's clock: nobody saves turns up, and
nobody pays for having been served while nobody else was there. Every look-up is one step in an index, however many
wait.

On PostgreSQL whoever changes an engine's lanes locks the engine's own lane first, so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot.db.database import Tx
from bot.db.schema import ENGINE, HAS_RUNNING, HAS_WAITING, OF_PEOPLE, OF_SERVERS, lanes, paces
from bot.db.upsert import upsert
from bot.types import Job

PACE_WEIGHT = 0.2
"""How much the last drawing counts in an engine's pace: the last five or so make it."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane in which somebody waits."""

    name: str
    """The server's or the person's key."""
    waiting: int
    running: int
    served: float
    """The time of its next turn, in pictures."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How many jobs may run at once, at all engines together; None = as many as there are slots."""

    person: int | None = None
    server: int | None = None


def join(tx: Tx, job: Job) -> None:
    """Count a job that begins to wait."""
    engine = _joined(tx, job, "", ENGINE, 0.0)
    server = _joined(tx, job, ENGINE, job.place.server_key, engine)
    _joined(tx, job, job.place.server_key, job.person.key, server)


def leave(tx: Tx, job: Job) -> None:
    """Count a job that no longer waits, without having had its turn."""
    _count(tx, job, waiting=-1)


def begin(tx: Tx, job: Job, server: Lane | None = None, person: Lane | None = None) -> None:
    """Count a job that gets its turn: that of these lanes, or none's when it goes on where it was cut off."""
    clocks = (None, None) if server is None or person is None else (server.served, person.served)
    _count(tx, job, waiting=-1, running=1, served=job.plan.count, clocks=clocks)


def end(tx: Tx, job: Job) -> None:
    """Count a job that no longer runs."""
    _count(tx, job, running=-1)


def back(tx: Tx, job: Job) -> None:
    """Count a running job that waits again, as if it had not had its turn."""
    _count(tx, job, waiting=1, running=-1, served=-job.plan.count)


def lock(tx: Tx, engine: str) -> None:
    """Keep everybody else from changing this engine's lanes until the transaction ends."""
    tx.execute(sa.select(lanes.c.waiting).where(*_lane(engine, "", ENGINE)).with_for_update())


def waited_for(tx: Tx) -> dict[str, int]:
    """Return the engines somebody waits for, and how many jobs do."""
    query = sa.select(lanes.c.engine, lanes.c.waiting).where(lanes.c.name == ENGINE, lanes.c.parent == "", HAS_WAITING)
    return {row.engine: row.waiting for row in tx.execute(query.order_by(lanes.c.engine))}


def next_turn(tx: Tx, engine: str, parent: str, without: Collection[str]) -> Lane | None:
    """Return the lane within `parent` whose turn it is, `without` some; of equals the one with fewer running jobs."""
    query = _in_order(engine, parent).limit(1)
    if without:
        query = query.where(lanes.c.name.not_in(without))
    row = tx.execute(query).one_or_none()
    return None if row is None else _lane_of(row)


def in_turn(tx: Tx, engine: str, parent: str, limit: int | None = None) -> list[Lane]:
    """Return the lanes within `parent` in which somebody waits, in the order of their next turns."""
    return [_lane_of(row) for row in tx.execute(_in_order(engine, parent).limit(limit))]


def at_cap(tx: Tx, cap: int | None, *, servers: bool) -> set[str]:
    """Return the names of the servers, or of the people, that have as many running jobs as they may."""
    if cap is None:
        return set()
    query = sa.select(lanes.c.name).where(HAS_RUNNING, OF_SERVERS if servers else OF_PEOPLE)
    return set(tx.execute(query.group_by(lanes.c.name).having(sa.func.sum(lanes.c.running) >= cap)).scalars())


def running_at(tx: Tx, engine: str) -> int:
    """Return how many jobs run at an engine."""
    return int(tx.execute(sa.select(lanes.c.running).where(*_lane(engine, "", ENGINE))).scalar() or 0)


def forget_idle(tx: Tx) -> None:
    """Delete lanes that say nothing any more: nobody is in them, and a new one would begin at the same turn."""
    parent, child = lanes.alias("parent"), lanes.alias("child")
    idle = (lanes.c.waiting == 0) & (lanes.c.running == 0) & (lanes.c.name != ENGINE)
    over = parent.select().where(
        parent.c.engine == lanes.c.engine,
        parent.c.name == lanes.c.parent,
        parent.c.parent == sa.case((lanes.c.parent == ENGINE, ""), else_=ENGINE),
        parent.c.clock >= lanes.c.served,
    )
    people = child.select().where(child.c.engine == lanes.c.engine, child.c.parent == lanes.c.name)
    tx.execute(lanes.delete().where(idle, over.exists(), ~people.exists()))


def took(tx: Tx, engine: str, seconds: float) -> None:
    """Remember how long the engine took for one picture."""
    pace = paces.c.seconds * (1 - PACE_WEIGHT) + seconds * PACE_WEIGHT
    tx.execute(
        upsert(tx, paces)
        .values(engine=engine, seconds=seconds)
        .on_conflict_do_update(index_elements=[paces.c.engine], set_={"seconds": pace})
    )


def pace(tx: Tx, engine: str) -> float | None:
    """Return the seconds the engine takes for one picture, as the last ones went; None while nothing is known."""
    return tx.execute(sa.select(paces.c.seconds).where(paces.c.engine == engine)).scalar()


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _joined(tx: Tx, job: Job, parent: str, name: str, clock: float) -> float:
    """Count one more who waits in a lane, and return the lane's own clock."""
    catching_up = (lanes.c.waiting == 0) & (lanes.c.served < clock)
    statement = (
        upsert(tx, lanes)
        .values(engine=job.plan.engine, parent=parent, name=name, waiting=1, running=0, served=clock, clock=0.0)
        .on_conflict_do_update(
            index_elements=[lanes.c.engine, lanes.c.parent, lanes.c.name],
            set_={"waiting": lanes.c.waiting + 1, "served": sa.case((catching_up, clock), else_=lanes.c.served)},
        )
    )
    return float(tx.execute(statement.returning(lanes.c.clock)).scalar_one())


def _count(
    tx: Tx,
    job: Job,
    *,
    waiting: int = 0,
    running: int = 0,
    served: int = 0,
    clocks: tuple[float | None, float | None] = (None, None),
) -> None:
    """Change what a job's three lanes count; `clocks` are the turns that the engine and the server have given."""
    engine, server = job.plan.engine, job.place.server_key
    for parent, name, turn, clock in (
        ("", ENGINE, 0, clocks[0]),  # first, on every way: this is the lock
        (ENGINE, server, served, clocks[1]),
        (server, job.person.key, served, None),
    ):
        change: dict[str, Any] = {"waiting": lanes.c.waiting + waiting, "running": lanes.c.running + running}
        if turn:
            change["served"] = lanes.c.served + turn
        if clock is not None:
            change["clock"] = sa.case((lanes.c.clock < clock, clock), else_=lanes.c.clock)
        tx.execute(lanes.update().where(*_lane(engine, parent, name)).values(change))


def _lane(engine: str, parent: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return lanes.c.engine == engine, lanes.c.parent == parent, lanes.c.name == name


def _lane_of(row: sa.Row[Any]) -> Lane:
    return Lane(row.name, row.waiting, row.running, row.served)


def _in_order(engine: str, parent: str) -> sa.Select[Any]:
    columns = (lanes.c.name, lanes.c.waiting, lanes.c.running, lanes.c.served)
    order = (lanes.c.served, lanes.c.running, lanes.c.name)
    return sa.select(*columns).where(lanes.c.engine == engine, lanes.c.parent == parent, HAS_WAITING).order_by(*order)
