"""Who is next: claims for drawing and for posting, and what becomes of claims whose holder died.

The order is simple for now: the server with the fewest running jobs, in it the person with the fewest, then age.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from bot.db import pictures
from bot.db.database import Tx
from bot.db.schema import jobs
from bot.engines.base import Nature
from bot.errors import GaveUp, Interrupted, UnknownEngine
from bot.jobs.journal import error_columns
from bot.jobs.records import from_row
from bot.types import Job, State

LONGEST_DELAY_S = 300.0
"""The longest pause between two attempts to post."""
MAX_ATTEMPTS = 3
"""Times a job is begun before Easel concludes that the job itself brings the process down."""


def claim(tx: Tx, owner: str, lease_s: float, engines: Collection[str]) -> Job | None:
    """Claim the next waiting job for one of these engines, for `lease_s` seconds; None when nothing waits."""
    other = jobs.alias()
    running = sa.select(sa.func.count()).select_from(other).where(other.c.state == State.RUNNING)
    row = tx.execute(
        sa.select(jobs.c.id, jobs.c.attempts)
        .where(jobs.c.state == State.QUEUED, jobs.c.engine.in_(engines))
        .order_by(
            running.where(other.c.server == jobs.c.server).scalar_subquery(),
            running.where(other.c.person == jobs.c.person).scalar_subquery(),
            jobs.c.created,
            jobs.c.id,
        )
        .limit(1)
        .with_for_update(skip_locked=True)  # on PostgreSQL others claim at the same moment; SQLite's writer is alone
    ).one_or_none()
    if row is None:
        return None
    return _claimed(
        tx,
        row.id,
        owner,
        lease_s,
        state=State.RUNNING,
        attempts=row.attempts + 1,
        started=sa.func.coalesce(jobs.c.started, tx.now),
    )


def claim_post(tx: Tx, owner: str, lease_s: float, platforms: Collection[str]) -> Job | None:
    """Claim the job whose end has waited longest to be told on one of these platforms.

    The returned job has the state `posting`, `failed` or `cancelled`. Its `posting_since` is the time an *earlier*
    attempt began, None if this is the first: then nothing of it can have been posted.
    """
    ready = sa.or_(
        jobs.c.state == State.DRAWN,
        jobs.c.state.in_((State.FAILED, State.CANCELLED)) & jobs.c.announced.is_(None),
    )
    # Further off than any delay: the clock was set back since.
    due = sa.or_(jobs.c.not_before <= tx.now, jobs.c.not_before > tx.now + LONGEST_DELAY_S)
    row = tx.execute(
        sa.select(jobs.c.id, jobs.c.state, jobs.c.posting_since)
        .where(ready, jobs.c.platform.in_(platforms), jobs.c.owner.is_(None), due)
        .order_by(jobs.c.created, jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    columns: dict[str, Any] = {"posting_since": tx.now, "post_attempts": jobs.c.post_attempts + 1}
    if row.state == State.DRAWN:
        columns["state"] = State.POSTING
    job = _claimed(tx, row.id, owner, lease_s, **columns)
    return dataclasses.replace(job, posting_since=row.posting_since)


def recover(tx: Tx, *, everything: bool, engines: Mapping[str, Nature]) -> list[str]:
    """Decide what becomes of jobs whose worker or courier died, and return their ids.

    `everything`: no other process can be alive, so every claim is an orphan; else only claims whose lease ran out.
    `engines` tells of each engine `"free"`, `"resumable"` or `"paid"`; an engine that is no longer configured counts
    as paid. A running job goes back to the queue on a free engine, or on a resumable one that had taken it; after
    MAX_ATTEMPTS, and on a paid engine, it ends with a plain reason. A posting one is posted again if need be. A waiting
    job whose engine is no longer configured ends as well.
    """
    orphan = jobs.c.owner.is_not(None) & (sa.true() if everything else jobs.c.lease < tx.now)
    found = []
    for row in tx.execute(jobs.select().where(orphan).with_for_update(skip_locked=True)).all():
        columns: dict[str, Any] = {}
        if row.state == State.RUNNING:
            columns = _after_running(tx, from_row(row), engines.get(row.engine, "paid"))
        elif row.state == State.POSTING:
            columns = {"state": State.DRAWN}
        tx.execute(
            jobs.update().where(jobs.c.id == row.id).values(owner=None, lease=None, fence=row.fence + 1, **columns)
        )
        found.append(row.id)
    return found + _without_engine(tx, engines)


def _without_engine(tx: Tx, engines: Mapping[str, Nature]) -> list[str]:
    """End waiting jobs whose engine was taken out of the configuration: nobody would ever claim them."""
    stranded = jobs.select().where(jobs.c.state == State.QUEUED, jobs.c.engine.not_in(engines))
    ended = []
    for row in tx.execute(stranded.with_for_update(skip_locked=True)).all():
        error = UnknownEngine(engine=row.engine, known=", ".join(engines))
        tx.execute(
            jobs.update().where(jobs.c.id == row.id).values(state=State.FAILED, ended=tx.now, **error_columns(error))
        )
        ended.append(row.id)
    return ended


def _after_running(tx: Tx, job: Job, engine: str) -> dict[str, Any]:
    ended = {"state": State.FAILED, "ended": tx.now}
    stored = [each.id for each in pictures.of_job(tx, job.id, "result")]
    if job.cancel:
        pictures.delete(tx, stored)
        return {"state": State.CANCELLED, "ended": tx.now}
    missing = job.plan.count - len(stored)
    again = job.attempts < MAX_ATTEMPTS and (engine == "free" or (engine == "resumable" and job.handle is not None))
    if stored and (missing <= 0 or not again):  # what was drawn, and perhaps paid for, is delivered
        return {"state": State.DRAWN, "facts": {"missing": max(missing, 0)}}
    if again:
        return {"state": State.QUEUED, "progress": None}
    if job.attempts >= MAX_ATTEMPTS:
        return ended | error_columns(GaveUp(attempts=job.attempts))
    return ended | error_columns(Interrupted(engine=job.plan.engine))


def _claimed(tx: Tx, job_id: str, owner: str, lease_s: float, **columns: Any) -> Job:
    row = tx.execute(
        jobs.update()
        .where(jobs.c.id == job_id)
        .values(owner=owner, lease=tx.now + lease_s, fence=jobs.c.fence + 1, **columns)
        .returning(*jobs.c)
    ).one()
    return from_row(row)
