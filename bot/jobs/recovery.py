"""What becomes of claims whose holder died, and of jobs nobody will ever claim."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from bot import limits
from bot.db import pictures
from bot.db.database import Tx
from bot.db.schema import IS_BEGUN, IS_HELD, IS_QUEUED, jobs
from bot.engines.base import Nature
from bot.errors import BotError, EngineUnavailable, GaveUp, Interrupted, LostJob, UnknownEngine
from bot.jobs import lanes
from bot.jobs.records import error_columns, from_row
from bot.types import Job, State

MAX_ATTEMPTS = 3
"""Times a job is begun before Easel concludes that the job itself brings the process down."""
BATCH = 100
"""Jobs ended in one transaction."""


def recover(
    tx: Tx, *, everything: bool, engines: Mapping[str, Nature], addresses: Mapping[str, Collection[str]]
) -> list[str]:
    """Decide what becomes of jobs whose worker or courier died, and return their ids.

    `everything`: no other process can be alive, so every claim is an orphan; else only claims whose lease ran out.
    `engines` tells of each engine `"free"`, `"resumable"` or `"paid"`; an engine that is no longer configured counts
    as paid. A running job goes back to the queue on a free engine, or on a resumable one that had taken it; after
    MAX_ATTEMPTS, and on a paid engine, it ends with a plain reason. A posting one is posted again if need be. A waiting
    job whose engine, or whose address that knows it, is no longer configured ends as well, or begins anew.

    Does one engine's waiting jobs, at most BATCH, or all claims: to be called again until it returns nothing.
    """
    orphan = IS_HELD & (sa.true() if everything else jobs.c.lease < tx.now)
    running = sa.select(jobs.c.engine).where(orphan, jobs.c.state == State.RUNNING).distinct()
    affected = sorted(tx.execute(running).scalars())
    for engine in affected:  # in the order of `claims.claim`, and before the jobs' rows
        lanes.lock(tx, engine)
    orphan &= (jobs.c.state != State.RUNNING) | jobs.c.engine.in_(affected)
    rows = tx.execute(jobs.select().where(orphan).with_for_update(skip_locked=True)).all()
    limits.lock(tx, [row.id for row in rows if row.state == State.RUNNING])
    found = []
    for row in rows:
        columns: dict[str, Any] = {"owner": None, "lease": None, "fence": row.fence + 1}
        if row.state == State.RUNNING:
            columns |= _after_running(tx, from_row(row), engines.get(row.engine, "paid"))
        elif row.state == State.POSTING:
            columns["state"] = State.DRAWN
        tx.execute(jobs.update().where(jobs.c.id == row.id).values(columns))
        found.append(row.id)
    for engine in sorted(lanes.waited_for(tx)):
        if found:  # whoever ends jobs holds what they took until it commits: nothing else is locked after that
            break
        if engine in engines:
            found = unpin(tx, engine, engines[engine], jobs.c.address.not_in(addresses[engine]))
        else:
            error = UnknownEngine(engine=engine, known=", ".join(engines))
            found = unpin(tx, engine, "paid", sa.true()) or give_up(tx, engine, error)
    return found


def absent(tx: Tx, engine: str) -> list[str]:
    """End jobs that wait for an engine this process cannot reach, if no other process has it draw; see `give_up`."""
    return [] if lanes.running_at(tx, engine) else give_up(tx, engine, EngineUnavailable(engine=engine))


def unreachable(tx: Tx, engine: str, address: str, nature: Nature) -> list[str]:
    """Wait no longer for an address that had begun jobs; see `unpin`."""
    return unpin(tx, engine, nature, jobs.c.address == address)


def unpin(tx: Tx, engine: str, nature: Nature, where: sa.ColumnElement[bool]) -> list[str]:
    """Let go of jobs begun at addresses that will not answer for them: on a free engine they begin anew, else they end.

    Returns the ids of those that ended.
    """
    query = jobs.select().where(IS_BEGUN, jobs.c.engine == engine, where)
    if tx.execute(query.limit(1)).first() is None:
        return []
    lanes.lock(tx, engine)
    ended = []
    rows = tx.execute(query).all()
    if nature != "free":
        limits.lock(tx, [row.id for row in rows])
    for row in rows:
        if nature == "free":
            anew = {"handle": None, "handle_at": 0, "address": None}
            tx.execute(jobs.update().where(jobs.c.id == row.id).values(anew))
        else:
            limits.kept(tx, row.id)
            _end(tx, from_row(row), LostJob(engine=engine))
            ended.append(row.id)
    tx.notice("ended" if ended else "queued")
    return ended


def give_up(tx: Tx, engine: str, error: BotError) -> list[str]:
    """End the oldest BATCH jobs that wait for an engine and are not begun, and return their ids."""
    lanes.lock(tx, engine)
    line = jobs.select().where(IS_QUEUED, jobs.c.engine == engine, jobs.c.handle.is_(None))
    ended = []
    rows = tx.execute(line.order_by(jobs.c.created).limit(BATCH)).all()
    limits.lock(tx, [row.id for row in rows])
    for row in rows:
        _end(tx, from_row(row), error)
        ended.append(row.id)
    if ended:
        tx.notice("ended")
    return ended


def _end(tx: Tx, job: Job, error: BotError) -> None:
    """End a job that waits."""
    columns = {"state": State.FAILED, "ended": tx.now} | error_columns(error)
    tx.execute(jobs.update().where(jobs.c.id == job.id).values(columns))
    lanes.leave(tx, job)
    limits.give_back(tx, job.id)


def _after_running(tx: Tx, job: Job, engine: str) -> dict[str, Any]:
    stored = [each.id for each in pictures.of_job(tx, job.id, "result")]
    missing = job.plan.count - len(stored)
    again = job.attempts < MAX_ATTEMPTS and (engine == "free" or (engine == "resumable" and job.handle is not None))
    if again and missing > 0 and not job.cancel:
        lanes.back(tx, job)
        tx.notice("queued")
        return {"state": State.QUEUED, "progress": None}
    lanes.end(tx, job)
    tx.notice("ended")
    if missing > 0 or job.cancel:  # nobody knows what else was drawn
        limits.kept(tx, job.id)
    if job.cancel:
        pictures.delete(tx, stored)
        limits.give_back(tx, job.id)
        return {"state": State.CANCELLED, "ended": tx.now}
    if stored:  # what was drawn, and perhaps paid for, is delivered
        limits.drawn(tx, job.id, len(stored))
        return {"state": State.DRAWN, "facts": {"missing": max(missing, 0)}}
    limits.give_back(tx, job.id)
    gave_up = job.attempts >= MAX_ATTEMPTS
    error = GaveUp(attempts=job.attempts) if gave_up else Interrupted(engine=job.plan.engine)
    return {"state": State.FAILED, "ended": tx.now} | error_columns(error)
