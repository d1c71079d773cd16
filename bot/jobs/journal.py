"""What happens to a job, one transaction each. The row is the truth; everything shown of a job is a view of it.

    queued → running → drawn → posting → delivered        or, from any state before drawn: failed, cancelled

Functions take a transaction and either do the whole step or raise. A step by a worker names the job as it was claimed;
if the job was claimed again since (its `fence` grew), the step raises LeaseLost and changes nothing.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bot import limits
from bot.db import pictures, seen
from bot.db.database import Tx
from bot.db.schema import IS_UNTOLD, jobs
from bot.db.upsert import Upsert
from bot.errors import BotError
from bot.jobs import lanes, places
from bot.jobs.records import error_columns, from_row, to_row
from bot.limits import Price
from bot.types import Job, MessageRef, Picture, Place, State

ACTIVE = (State.QUEUED, State.RUNNING, State.DRAWN, State.POSTING)


class LeaseLost(Exception):
    """Somebody else works on the job by now: stop, and write nothing."""


# ── accepting ───────────────────────────────────────────────────────────────────────────────────────────────────


def add(
    tx: Tx,
    job: Job,
    key: str,
    *,
    inputs: Sequence[str] = (),
    mask: str | None = None,
    results: Sequence[str] = (),
    price: Price | None = None,
    capacity: int | None = None,
) -> Job:
    """Insert an accepted job with its pictures and return it as stored; `job.created` is set here.

    If `key` is known, nothing is inserted and the job it made is returned: compare ids to see which happened. `price`
    is what it takes of a quota, None = nothing; `capacity` is how many jobs its engine draws at once. Raises
    LineTooLong and what `limits.take` does; then the transaction is to be given up.
    """
    if tx.execute(_ADD.on(tx), to_row(job, key, tx.now)).first() is None:
        known = by_key(tx, key)
        assert known is not None
        return known
    pictures.link(tx, job.id, "input", inputs)
    pictures.link(tx, job.id, "mask", (mask,) if mask else ())
    pictures.link(tx, job.id, "result", results)
    if job.state is State.QUEUED:
        line = lanes.join(tx, job)
        if capacity is not None:
            places.refuse_too_long(job.plan.engine, line, capacity)
    if price is not None:
        limits.take(tx, job, price)
    tx.notice("queued" if job.state is State.QUEUED else "ended")
    return dataclasses.replace(job, created=tx.now)


# ── drawing: each step names the claimed job ────────────────────────────────────────────────────────────────────


def beat(tx: Tx, job: Job, lease_s: float, progress: float | None) -> bool:
    """Keep the claim for `lease_s` more seconds, store the progress; return whether the job is to be cancelled."""
    _step(tx, job, lease=tx.now + lease_s, progress=progress)
    tx.notice("running", job.id, here=False)
    return bool(tx.execute(_CANCEL_ASKED, {"this": job.id}).scalar())


def noted(tx: Tx, job: Job, facts: Mapping[str, Any]) -> None:
    """Remember what is to be said of the job, before the engine is called."""
    _step(tx, job, facts=dict(facts))


def submitted(tx: Tx, job: Job, handle: str, at: int) -> None:
    """Remember the engine's own id of the call that begins now, with `at` pictures of the job stored."""
    _step(tx, job, handle=handle, handle_at=at)


def picture(tx: Tx, job: Job, position: int, drawn: Picture, data: bytes) -> None:
    """Store one finished picture."""
    _step(tx, job)
    pictures.add(tx, drawn, data, person=job.person.key, platform=job.place.platform, job=job.id)
    pictures.link(tx, job.id, "result", (drawn.id,), start=position)


def drawn(tx: Tx, job: Job, facts: Mapping[str, Any], seconds: float | None = None, *, may_cost: bool = False) -> None:
    """All pictures are stored; the courier's turn. A cancel that came in meanwhile holds: it was promised.

    `facts` may say how many are `missing` and what the call did `cost`; `seconds` is how long it took. `may_cost`: the
    engine may have charged for those that are missing, too.
    """
    if not _uncancelled(tx, job, state=State.DRAWN, owner=None, lease=None, progress=1.0, facts=dict(facts)):
        return
    count, cost = job.plan.count - int(facts.get("missing", 0)), facts.get("cost")
    lanes.end(tx, job, seconds / count if seconds is not None and count > 0 else None)
    if may_cost:
        limits.kept(tx, job.id)
    limits.drawn(tx, job.id, count, cost if isinstance(cost, int | float) else None)
    tx.notice("ended")


def failed(tx: Tx, job: Job, error: BotError, *, give_back: bool = True) -> None:
    """The job ended without a picture, for this reason, unless it was cancelled meanwhile.

    `give_back`: what it took of a quota is given back.
    """
    if not _uncancelled(tx, job, state=State.FAILED, owner=None, lease=None, ended=tx.now, **error_columns(error)):
        return
    lanes.end(tx, job)
    if error.may_cost:
        limits.kept(tx, job.id)
    if give_back:
        limits.give_back(tx, job.id)
    tx.notice("ended")


def cancelled(tx: Tx, job: Job) -> None:
    """The job was stopped while it was drawn; what had come of it goes."""
    lanes.lock(tx, job.plan.engine)
    pictures.delete(tx, [each.id for each in pictures.of_job(tx, job.id, "result")])
    _step(tx, job, state=State.CANCELLED, owner=None, lease=None, ended=tx.now)
    lanes.end(tx, job)
    limits.kept(tx, job.id)
    limits.give_back(tx, job.id)
    tx.notice("ended")


def moved(tx: Tx, job: Job) -> None:
    """The address did not take the job: it waits again, as if it had not had its turn, for whichever comes first.

    One that an earlier attempt had begun there waits for that address.
    """
    anew = {} if job.handle is not None else {"address": None, "handle": None, "handle_at": 0}
    again = {"state": State.QUEUED, "progress": None, "attempts": job.attempts - 1, **anew}
    if not _uncancelled(tx, job, owner=None, lease=None, **again):
        return
    lanes.back(tx, job)
    tx.notice("queued")


def released(tx: Tx, job: Job) -> None:
    """Give the claim back unfinished (shutdown): recovery decides what becomes of the job, as after a crash."""
    _step(tx, job, lease=tx.now, attempts=job.attempts - 1)


# ── telling the end: posting, exactly once ──────────────────────────────────────────────────────────────────────


def delivered(tx: Tx, job: Job, messages: Sequence[MessageRef]) -> None:
    """The end of the job was told, in these messages; pictures become the newest of the place."""
    columns: dict[str, Any] = {"announced": tx.now, "posted": [message.id for message in messages]}
    if job.state is State.POSTING:
        columns |= {"state": State.DELIVERED, "ended": tx.now}
        ids = [each.id for each in pictures.of_job(tx, job.id, "result")]
        for message in messages[:1]:
            seen.add(tx, job.place, message.id, "easel", ids)
    _step(tx, job, owner=None, lease=None, **columns)


def post_later(tx: Tx, job: Job, delay_s: float) -> None:
    """Posting failed for now: try again after `delay_s` seconds."""
    state = State.DRAWN if job.state is State.POSTING else job.state
    _step(tx, job, state=state, owner=None, lease=None, not_before=tx.now + delay_s)


def not_deliverable(tx: Tx, job: Job, error: BotError) -> None:
    """The pictures cannot be posted there, words can: the job ends with this reason, which is told next."""
    _step(tx, job, state=State.FAILED, ended=tx.now, owner=None, lease=None, posting_since=None, **error_columns(error))
    limits.give_back(tx, job.id)


def undeliverable(tx: Tx, job: Job, error: BotError) -> None:
    """It can never be posted; its pictures stay readable by `history`."""
    columns = {} if job.state.ended else {"state": State.FAILED, "ended": tx.now}
    _step(tx, job, owner=None, lease=None, announced=tx.now, **columns, **error_columns(error))
    limits.give_back(tx, job.id)


def status_shown(tx: Tx, job_id: str, message: str) -> None:
    """Remember the message that shows how a job stands."""
    tx.execute(jobs.update().where(jobs.c.id == job_id).values(status_message=message))


# ── people ──────────────────────────────────────────────────────────────────────────────────────────────────────


def cancel(tx: Tx, job_id: str) -> bool:
    """Cancel a waiting job at once, or ask the worker of a running one to stop; return whether it will end so.

    From `drawn` on it is too late, and nothing happens.
    """
    running = jobs.update().where(jobs.c.id == job_id, jobs.c.state == State.RUNNING).values(cancel=True)
    if not tx.execute(running).rowcount:
        if (job := get(tx, job_id)) is None or job.state.ended:
            return False
        lanes.lock(tx, job.plan.engine)  # now nobody claims it
        waiting = jobs.update().where(jobs.c.id == job_id, jobs.c.state == State.QUEUED)
        if tx.execute(waiting.values(state=State.CANCELLED, ended=tx.now, cancel=True)).rowcount:
            lanes.leave(tx, job)
            limits.give_back(tx, job_id)
            tx.notice("ended")
            return True
        if not tx.execute(running).rowcount:  # else it was claimed this moment
            return False
    tx.notice("cancel", job_id)
    return True


# ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────


def get(tx: Tx, job_id: str) -> Job | None:
    """Return a job, or None."""
    return next(map(from_row, tx.execute(_BY_ID, {"this": job_id})), None)


def by_key(tx: Tx, key: str) -> Job | None:
    """Return the job an incoming message made, or None."""
    return next(map(from_row, tx.execute(_BY_KEY, {"this": key})), None)


def active(tx: Tx, *, person: str | None = None, platform: str | None = None) -> list[Job]:
    """Return the jobs that have not ended, of one person or platform, oldest first."""
    query = jobs.select().where(IS_UNTOLD, jobs.c.state.in_(ACTIVE)).order_by(jobs.c.created, jobs.c.id)
    if person is not None:
        query = query.where(jobs.c.person == person)
    if platform is not None:
        query = query.where(jobs.c.platform == platform)
    return [from_row(row) for row in tx.execute(query)]


def recent(tx: Tx, *, person: str, place: Place | None = None, ended: bool = False, limit: int = 10) -> list[Job]:
    """Return a person's newest jobs, newest first; in one place if given, only those that have `ended` if asked."""
    query = jobs.select().where(jobs.c.person == person).order_by(jobs.c.created.desc(), jobs.c.id).limit(limit)
    if place is not None:
        query = query.where(jobs.c.place == place.key)
    if ended:
        query = query.where(jobs.c.state.not_in(ACTIVE))
    return [from_row(row) for row in tx.execute(query)]


def _uncancelled(tx: Tx, job: Job, **columns: Any) -> bool:
    """Take a step that ends a job or has it wait again; if it is to be cancelled, cancel it instead, return False."""
    lanes.lock(tx, job.plan.engine)  # before the job's row: so does `cancel`
    if not (done := _stepped(tx, job, columns, uncancelled=True)):
        cancelled(tx, job)
    return done


def _step(tx: Tx, job: Job, **columns: Any) -> None:
    if not _stepped(tx, job, columns):
        raise LeaseLost(job.id)


def _stepped(tx: Tx, job: Job, columns: Mapping[str, Any], *, uncancelled: bool = False) -> bool:
    statement = _step_of(tuple(columns), uncancelled=uncancelled)
    return tx.execute(statement, {"this": job.id, "mine": job.fence, **columns}).rowcount == 1


@functools.cache
def _step_of(columns: tuple[str, ...], *, uncancelled: bool) -> sa.Update:
    """Return the statement of a step that writes these columns, made once: half of what one costs is its making."""
    mine = (jobs.c.id == sa.bindparam("this")) & (jobs.c.fence == sa.bindparam("mine")) & jobs.c.owner.is_not(None)
    if uncancelled:
        mine &= ~jobs.c.cancel
    values: dict[str, Any] = {name: sa.bindparam(name, type_=jobs.c[name].type) for name in columns}
    return jobs.update().where(mine).values(values or {"fence": jobs.c.fence})


_ADD = Upsert(jobs, lambda insert: insert.on_conflict_do_nothing(index_elements=[jobs.c.key]).returning(jobs.c.id))
_CANCEL_ASKED = sa.select(jobs.c.cancel).where(jobs.c.id == sa.bindparam("this"))
_BY_ID, _BY_KEY = (jobs.select().where(column == sa.bindparam("this")) for column in (jobs.c.id, jobs.c.key))
