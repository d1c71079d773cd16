"""Places in the waiting line as turns are given: who is how far from their turn.

It is what would happen if nobody else came and every turn took as many pictures as the one asked about. Caps are not
looked at, nor who is being drawn for.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from bot.db.database import Tx
from bot.db.schema import ENGINE, IS_QUEUED, jobs
from bot.errors import LineTooLong
from bot.i18n.marks import Wait
from bot.jobs import lanes
from bot.jobs.lanes import Lane, Line
from bot.jobs.records import from_row
from bot.types import Job

LONGEST_WAIT_S = 86400.0
"""An engine's waiting line is full when it takes a day."""


def ahead(tx: Tx, job: Job) -> int:
    """Return how many jobs come before a waiting one at its engine."""
    engine, server = job.plan.engine, job.place.server_key
    line = (jobs.c.engine == engine, jobs.c.server == server, jobs.c.person == job.person.key)
    age = sa.or_(jobs.c.created < job.created, (jobs.c.created == job.created) & (jobs.c.id < job.id))
    own = int(tx.execute(sa.select(sa.func.count()).select_from(jobs).where(IS_QUEUED, *line, age)).scalar_one())
    people = lanes.in_turn(tx, engine, server)
    servers = lanes.in_turn(tx, engine, ENGINE)
    in_server = own + before(people, job.person.key, own + 1, job.plan.count)
    return in_server + before(servers, server, in_server + 1, job.plan.count)


def wait_s(tx: Tx, job: Job, ahead: int, capacity: int) -> float | None:
    """Return the seconds until the turn of a job with so many ahead, at an engine that draws `capacity` at once.

    None while it is not known how long the engine takes, and when there is nothing to wait for.
    """
    running = lanes.running_at(tx, job.plan.engine)
    seconds = lanes.pace(tx, job.plan.engine)
    if seconds is None or running + ahead < capacity:
        return None
    rounds = (ahead + 1 + max(0, running - capacity)) / capacity - 0.5  # those that run are half done on the whole
    return max(rounds, 0.5 / capacity) * seconds * job.plan.count


def refuse_too_long(engine: str, line: Line, capacity: int) -> None:
    """Raise LineTooLong if all that waits for an engine takes longer than anybody would wait."""
    if line.pace is not None and (wait := line.waiting * line.pace / capacity) > LONGEST_WAIT_S:
        raise LineTooLong(engine=engine, wait=Wait(wait))


def before(line: Iterable[Lane], name: str, turn: int, size: int) -> int:
    """Return how many turns other lanes have before the lane `name` has its `turn`-th, each moving it on by `size`."""
    others = {lane.name: lane for lane in line}
    mine = others.pop(name, None)
    if mine is None:  # it has begun meanwhile
        return 0
    at = (mine.served + (turn - 1) * size, mine.running + turn - 1, name)
    return sum(_turns_until(lane, at, size) for lane in others.values())


def _turns_until(lane: Lane, at: tuple[float, int, str], size: int) -> int:
    """Return how many turns a lane has before somebody's at this time, with so many running, of this name."""
    between = (at[0] - lane.served) / size
    turns = max(0, math.ceil(between))
    if between >= 0 and between == turns and (lane.running + turns, lane.name) < at[1:]:
        turns += 1  # at the same time, and first of equals
    return min(lane.waiting, turns)


def upcoming(tx: Tx, engine: str, limit: int) -> list[Job]:
    """Return the next jobs of an engine, at most `limit`, in the order of their turns."""
    turns = sequence(lanes.in_turn(tx, engine, ENGINE, limit), limit)
    queues = {server: _of_server(tx, engine, server, count) for server, count in Counter(turns).items()}
    following = {server: iter(queue) for server, queue in queues.items()}
    return [job for server in turns if (job := next(following[server], None)) is not None]


def _of_server(tx: Tx, engine: str, server: str, limit: int) -> list[Job]:
    turns = sequence(lanes.in_turn(tx, engine, server, limit), limit)
    found = {}
    for person, count in Counter(turns).items():
        line = (IS_QUEUED, jobs.c.engine == engine, jobs.c.server == server, jobs.c.person == person)
        query = jobs.select().where(*line).order_by(jobs.c.created, jobs.c.id).limit(count)
        found[person] = iter([from_row(row) for row in tx.execute(query)])
    return [job for person in turns if (job := next(found[person], None)) is not None]


def sequence(line: Sequence[Lane], limit: int) -> list[str]:
    """Return the names of the lanes that have the next turns, at most `limit`, each taking one picture."""
    heap = [(lane.served, lane.running, lane.name, lane.waiting) for lane in line]
    heapq.heapify(heap)
    turns: list[str] = []
    while heap and len(turns) < limit:
        served, running, name, waiting = heap[0]
        turns.append(name)
        if waiting > 1:
            heapq.heapreplace(heap, (served + 1, running + 1, name, waiting - 1))
        else:
            heapq.heappop(heap)
    return turns
