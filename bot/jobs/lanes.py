"""Waiting lines: how many wait and run at each engine, and whose turn is next.

An engine's line is a tree of lanes: the whole engine, in it its servers, in each of them its people. A job counts in
one lane of each level. Turns are given by start-time fair queueing (Goyal, Vin, Cheng 1996): a lane's `served` is the
time of its next turn, each turn moves it on by the pictures it took, the lane with the lowest comes next, and the
parent's `clock` is the turn given last. A lane that was empty begins at its parent's clock: nobody saves turns up, and
nobody pays for having been served while nobody else was there. Every look-up is one step in an index, however many
wait.

On PostgreSQL whoever changes an engine's lanes holds its `lock`, taken before any job's row, so nobody waits in a
circle; `join` takes it itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from bot.db.database import Tx
from bot.db.schema import ENGINE, HAS_RUNNING, HAS_WAITING, OF_PEOPLE, OF_SERVERS, lanes
from bot.db.upsert import Insert, Statement, Upsert
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


@dataclass(frozen=True, slots=True)
class Line:
    """An engine's whole line."""

    waiting: int
    pace: float | None
    """Seconds the engine takes for one picture, as the last ones went; None while nothing is known."""


def join(tx: Tx, job: Job) -> Line:
    """Count a job that begins to wait, and return the line with it."""
    server = job.place.server_key
    if tx.connection.dialect.name == "postgresql":  # in one statement: everybody waits for whoever holds the engine
        names = {"e": job.plan.engine, "server": server, "person": job.person.key}
        row = tx.execute(_JOIN_ALL, names).one()
        return Line(row.waiting, row.pace)
    whole = _joined(tx, job, "", ENGINE, 0.0)
    _joined(tx, job, server, job.person.key, _joined(tx, job, ENGINE, server, whole.clock).clock)
    return Line(whole.waiting, whole.pace)


def leave(tx: Tx, job: Job) -> None:
    """Count a job that no longer waits, without having had its turn."""
    _count(tx, job, waiting=-1)


def begin(tx: Tx, job: Job, server: Lane | None = None, person: Lane | None = None) -> None:
    """Count a job that gets its turn: that of these lanes, or none's when it goes on where it was cut off."""
    clocks = (0.0, 0.0) if server is None or person is None else (server.served, person.served)
    _count(tx, job, waiting=-1, running=1, served=job.plan.count, clocks=clocks)


def end(tx: Tx, job: Job, took_s: float | None = None) -> None:
    """Count a job that no longer runs; `took_s` is how long the engine took for each of its pictures."""
    _count(tx, job, running=-1, took_s=took_s)


def back(tx: Tx, job: Job) -> None:
    """Count a running job that waits again, as if it had not had its turn."""
    _count(tx, job, waiting=1, running=-1, served=-job.plan.count)


def lock(tx: Tx, engine: str) -> None:
    """Keep everybody else from changing this engine's lanes until the transaction ends; SQLite's writer is alone."""
    if tx.connection.dialect.name != "sqlite":
        tx.execute(_LOCK, {"e": engine})


def lock_all(tx: Tx) -> None:
    """Do that for every engine: before something is looked up that counts for all engines together."""
    if tx.connection.dialect.name != "sqlite":
        for engine in sorted(tx.execute(sa.select(lanes.c.engine).where(*_WHOLE)).scalars()):
            lock(tx, engine)


def waited_for(tx: Tx) -> dict[str, int]:
    """Return the engines somebody waits for, and how many jobs do."""
    return {row.engine: row.waiting for row in tx.execute(_WAITED_FOR)}


def in_turn(tx: Tx, engine: str, parent: str, limit: int | None = None) -> list[Lane]:
    """Return the lanes within `parent` in which somebody waits, in the order of their next turns."""
    return [_lane_of(row) for row in tx.execute(_IN_ORDER.limit(limit), {"e": engine, "p": parent})]


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


def pace(tx: Tx, engine: str) -> float | None:
    """Return the seconds the engine takes for one picture, as the last ones went; None while nothing is known."""
    return tx.execute(sa.select(lanes.c.pace).where(*_lane(engine, "", ENGINE))).scalar()


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _joined(tx: Tx, job: Job, parent: str, name: str, clock: float) -> sa.Row[Any]:
    """Count one more who waits in a lane whose parent has given turns up to `clock`, and return the lane."""
    row = {"engine": job.plan.engine, "parent": parent, "name": name, "waiting": 1, "running": 0}
    return tx.execute(_JOIN.on(tx), row | {"served": clock, "clock": 0.0}).one()


def _count(
    tx: Tx,
    job: Job,
    *,
    waiting: int = 0,
    running: int = 0,
    served: int = 0,
    clocks: tuple[float, float] = (0.0, 0.0),
    took_s: float | None = None,
) -> None:
    """Change what a job's three lanes count; `clocks` are the turns that the engine and the server have given, and
    `took_s` goes into the engine's pace.
    """
    lane = {"e": job.plan.engine, "server": job.place.server_key, "person": job.person.key}
    change = {"waits": waiting, "runs": running, "turn": served}
    gave = {"whole_gave": clocks[0], "server_gave": clocks[1]}
    if took_s is None:
        tx.execute(_COUNT, lane | change | gave)
    else:
        tx.execute(_COUNT_AND_PACE, lane | change | gave | {"seconds": took_s})


def _lane(engine: str, parent: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return lanes.c.engine == engine, lanes.c.parent == parent, lanes.c.name == name


def _lane_of(row: sa.Row[Any]) -> Lane:
    return Lane(row.name, row.waiting, row.running, row.served)


# ── statements, made once: half of what one costs is its making ─────────────────────────────────────────────────────

_MINE = (lanes.c.engine == sa.bindparam("e"), lanes.c.parent == sa.bindparam("p"))
_WHOLE = (lanes.c.parent == "", lanes.c.name == ENGINE)
_seconds = sa.bindparam("seconds", type_=sa.Double)
_LOCK = sa.select(lanes.c.waiting).where(lanes.c.engine == sa.bindparam("e"), *_WHOLE).with_for_update()
_WAITED_FOR = sa.select(lanes.c.engine, lanes.c.waiting).where(*_WHOLE, HAS_WAITING).order_by(lanes.c.engine)
_IN_ORDER = (
    sa.select(lanes.c.name, lanes.c.waiting, lanes.c.running, lanes.c.served)
    .where(*_MINE, HAS_WAITING)
    .order_by(lanes.c.served, lanes.c.running, lanes.c.name)
)
_server = sa.bindparam("server", type_=sa.Text)
_IS_WHOLE, _IS_SERVER = sa.and_(*_WHOLE), (lanes.c.parent == ENGINE) & (lanes.c.name == _server)
_IS_PERSON = (lanes.c.parent == _server) & (lanes.c.name == sa.bindparam("person", type_=sa.Text))
_gave = sa.case(
    (_IS_WHOLE, sa.bindparam("whole_gave", type_=sa.Double)),
    (_IS_SERVER, sa.bindparam("server_gave", type_=sa.Double)),
    else_=0.0,
)
_COUNT = (
    lanes.update()
    # The engine is named with each, or SQLite would look through all of its lanes.
    .where(sa.or_(*((lanes.c.engine == sa.bindparam("e")) & lane for lane in (_IS_WHOLE, _IS_SERVER, _IS_PERSON))))
    .values(
        waiting=lanes.c.waiting + sa.bindparam("waits"),
        running=lanes.c.running + sa.bindparam("runs"),
        served=lanes.c.served + sa.case((_IS_WHOLE, 0.0), else_=sa.bindparam("turn", type_=sa.Double)),
        clock=sa.case((lanes.c.clock < _gave, _gave), else_=lanes.c.clock),
    )
)
_paced = sa.func.coalesce(lanes.c.pace * (1 - PACE_WEIGHT) + _seconds * PACE_WEIGHT, _seconds)
_COUNT_AND_PACE = _COUNT.values(pace=sa.case((_IS_WHOLE, _paced), else_=lanes.c.pace))


def _join(insert: Insert) -> Statement:
    new = insert.excluded
    catching_up = (lanes.c.waiting == 0) & (lanes.c.served < new.served)
    joined = insert.on_conflict_do_update(
        index_elements=[lanes.c.engine, lanes.c.parent, lanes.c.name],
        set_={
            "waiting": lanes.c.waiting + 1,
            "served": sa.case((catching_up, new.served), else_=lanes.c.served),
        },
    )
    return joined.returning(lanes.c.waiting, lanes.c.clock, lanes.c.pace)


_JOIN = Upsert(lanes, _join)


def _join_all() -> sa.Select[Any]:
    """Return the statement that joins all three lanes, each beginning at the clock of the one it is in (PostgreSQL)."""
    columns = ["engine", "parent", "name", "waiting", "running", "served", "clock"]
    engine, server, person = (sa.bindparam(name, type_=sa.Text) for name in ("e", "server", "person"))

    def joined(parent: sa.ColumnElement[str], name: sa.ColumnElement[str], clock: sa.ColumnElement[float]) -> sa.CTE:
        row = sa.select(engine, parent, name, sa.literal(1), sa.literal(0), clock, sa.literal(0.0))
        return _join(postgresql.insert(lanes).from_select(columns, row)).cte()

    whole = joined(sa.literal("", sa.Text), sa.literal(ENGINE, sa.Text), sa.literal(0.0))
    of_server = joined(sa.literal(ENGINE, sa.Text), server, whole.c.clock)
    return sa.select(whole.c.waiting, whole.c.pace).add_cte(joined(server, person, of_server.c.clock))


_JOIN_ALL = _join_all()
