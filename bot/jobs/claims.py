"""Who works on what: claims for drawing, in fair order and at an address with room, and claims for posting."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from bot.db.database import Tx
from bot.db.schema import IS_BEGUN, IS_HELD, IS_TO_TELL, jobs
from bot.jobs import lanes, turns
from bot.jobs.lanes import Caps, Lane
from bot.jobs.records import from_row
from bot.types import Job, State

LONGEST_DELAY_S = 300.0
"""The longest pause between two attempts to post."""

Room = Mapping[str, Mapping[str, int]]
"""Engine → address → jobs it may have at once, for the addresses that can be used now."""
NO_CAPS = Caps()


def claim(tx: Tx, owner: str, lease_s: float, room: Room, caps: Caps = NO_CAPS) -> Job | None:
    """Claim the next job for which an address has room, for `lease_s` seconds; None when there is none.

    Servers take turns, then people within a server, then the oldest job; a job that an earlier process had begun goes
    on first, at the address that knows it. `job.address` says where to draw.
    """
    waited_for = [engine for engine in sorted(lanes.waited_for(tx)) if room.get(engine)]  # by bytes, as everywhere
    if waited_for and caps != NO_CAPS:  # no other process may begin a job of the same person at another engine now
        lanes.lock_all(tx)
    for engine in waited_for:
        lanes.lock(tx, engine)
        busy, begun_at = _addresses(tx, engine)
        free = {address: busy.get(address, 0) / slots for address, slots in room[engine].items()}
        free = {address: load for address, load in free.items() if load < 1}
        if not free:
            continue
        if begun_at & free.keys() and (begun := _begun(tx, engine, free)) is not None:
            return _begin(tx, owner, lease_s, begun.id, begun.address)
        if (turn := _turn(tx, engine, caps)) is not None:
            job_id, server, person = turn
            return _begin(tx, owner, lease_s, job_id, min(free, key=free.__getitem__), server, person)
    return None


def claim_post(tx: Tx, owner: str, lease_s: float, platforms: Collection[str]) -> Job | None:
    """Claim the job whose end has waited longest to be told on one of these platforms.

    The returned job has the state `posting`, `failed` or `cancelled`. Its `posting_since` is the time an *earlier*
    attempt began, None if this is the first: then nothing of it can have been posted.
    """
    due = {"platforms": list(platforms), "now": tx.now, "never": tx.now + LONGEST_DELAY_S}
    row = tx.execute(_TO_TELL, due).one_or_none()
    if row is None:
        return None
    state = State.POSTING if row.state == State.DRAWN else row.state
    job = _claimed(tx, _POST, row.id, owner, lease_s, {"becomes": state, "began": tx.now})
    return dataclasses.replace(job, posting_since=row.posting_since)


def _addresses(tx: Tx, engine: str) -> tuple[dict[str, int], set[str]]:
    """Return how many jobs run at each address, which are its slots in use, and where some wait to be gone on with."""
    rows = tx.execute(_ADDRESSES, {"e": engine}).all()
    return {row.address: row.jobs for row in rows if row.jobs}, {row.address for row in rows if not row.jobs}


def _begun(tx: Tx, engine: str, free: Collection[str]) -> sa.Row[Any] | None:
    """Return a job to be gone on with at one of these addresses."""
    return tx.execute(_NEXT_BEGUN, {"e": engine, "free": list(free)}).one_or_none()


def _turn(tx: Tx, engine: str, caps: Caps) -> tuple[str, Lane, Lane] | None:
    """Return the job whose turn it is, and its lanes. No more lanes are passed over than jobs run or are begun."""
    full_servers = lanes.at_cap(tx, caps.server, servers=True)
    full_people = lanes.at_cap(tx, caps.person, servers=False)
    passed = set(full_people)
    while (turn := turns.next_turn(tx, engine, full_servers, passed)) is not None:
        server, person, job_id = turn
        if person is None:
            full_servers.add(server.name)
            passed = set(full_people)
        elif job_id is None:
            passed.add(person.name)
        else:
            return job_id, server, person
    return None


def _begin(
    tx: Tx,
    owner: str,
    lease_s: float,
    job_id: str,
    address: str,
    server: Lane | None = None,
    person: Lane | None = None,
) -> Job:
    job = _claimed(tx, _DRAW, job_id, owner, lease_s, {"at": address, "began": tx.now})
    lanes.begin(tx, job, server, person)
    tx.notice("running", job.id, here=False)
    return job


def _claimed(tx: Tx, statement: sa.Executable, job_id: str, owner: str, lease_s: float, more: Mapping[str, Any]) -> Job:
    return from_row(tx.execute(statement, {"this": job_id, "holder": owner, "until": tx.now + lease_s, **more}).one())


# ── statements, made once: half of what one costs is its making ─────────────────────────────────────────────────────

_ENGINES = jobs.c.engine == sa.bindparam("e")
_CLAIM = (
    jobs.update()
    .where(jobs.c.id == sa.bindparam("this"))
    .values(owner=sa.bindparam("holder"), lease=sa.bindparam("until", type_=sa.Double), fence=jobs.c.fence + 1)
    .returning(*jobs.c)
)
_began = sa.bindparam("began", type_=sa.Double)
_DRAW = _CLAIM.values(
    state=State.RUNNING.value,
    address=sa.bindparam("at"),
    attempts=jobs.c.attempts + 1,
    started=sa.func.coalesce(jobs.c.started, _began),
)
_POST = _CLAIM.values(state=sa.bindparam("becomes"), posting_since=_began, post_attempts=jobs.c.post_attempts + 1)
_TO_TELL = (
    sa.select(jobs.c.id, jobs.c.state, jobs.c.posting_since)
    .where(IS_TO_TELL, jobs.c.platform.in_(sa.bindparam("platforms", expanding=True)))
    # Further off than any delay: the clock was set back since.
    .where(sa.or_(jobs.c.not_before <= sa.bindparam("now"), jobs.c.not_before > sa.bindparam("never")))
    .order_by(jobs.c.created, jobs.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)  # on PostgreSQL others claim at the same moment; SQLite's writer is alone
)
_ADDRESSES = sa.union_all(
    sa.select(jobs.c.address, sa.func.count().label("jobs"))
    .where(IS_HELD, _ENGINES, jobs.c.state == State.RUNNING.value)
    .group_by(jobs.c.address),
    sa.select(jobs.c.address, sa.literal(0)).where(IS_BEGUN, _ENGINES).distinct(),
)
_NEXT_BEGUN = (
    sa.select(jobs.c.id, jobs.c.address)
    .where(IS_BEGUN, _ENGINES, jobs.c.address.in_(sa.bindparam("free", expanding=True)))
    .order_by(jobs.c.created)
    .limit(1)
)
