"""How long things are kept, and what a person may have deleted."""

from __future__ import annotations

from collections.abc import Set

import sqlalchemy as sa

from bot.db import pictures as stored
from bot.db.database import Tx
from bot.db.schema import job_pictures, jobs, pictures, seen
from bot.types import State

ENDED = (State.DELIVERED, State.FAILED, State.CANCELLED)
ORPHAN_S = 3600.0
"""Age at which a picture no job refers to is swept: it was stored for a request that was then not accepted."""
BATCH = 20
"""Rows of one sweep, so that no transaction is long."""


def sweep(tx: Tx, *, keep_pictures_s: float, keep_history_s: float, keeping: Set[str]) -> int:
    """Delete what is over its time, at most BATCH rows of each kind; return how many rows went.

    `keeping` are platforms that have no storage of their own: their pictures and jobs stay until people delete them.
    """
    used = sa.select(job_pictures.c.job).where(job_pictures.c.picture == pictures.c.id)
    open_use = used.join(jobs, jobs.c.id == job_pictures.c.job).where(
        sa.or_(jobs.c.state.not_in(ENDED), jobs.c.announced.is_(None), jobs.c.announced > tx.now - keep_pictures_s)
    )
    orphans = sa.select(pictures.c.id).where(pictures.c.created < tx.now - ORPHAN_S, ~used.exists()).limit(BATCH)
    old = (
        sa.select(pictures.c.id)
        .where(pictures.c.platform.not_in(keeping), pictures.c.created < tx.now - keep_pictures_s)
        .where(~open_use.exists(), stored.with_bytes())
        .limit(BATCH)
    )
    past = (
        sa.select(jobs.c.id)
        .where(jobs.c.platform.not_in(keeping), jobs.c.announced < tx.now - keep_history_s, jobs.c.state.in_(ENDED))
        .limit(BATCH)
    )
    orphan_ids, old_ids, past_ids = (_taken(tx, query) for query in (orphans, old, past))
    stored.delete(tx, orphan_ids)
    stored.drop_bytes(tx, old_ids)
    tx.execute(jobs.delete().where(jobs.c.id.in_(past_ids)))
    tx.execute(seen.delete().where(seen.c.created < tx.now - keep_history_s))
    return len(orphan_ids) + len(old_ids) + len(past_ids)


def forget_pictures(tx: Tx, person: str) -> int:
    """Delete a person's pictures for good, at most BATCH of them; return how many.

    Those of unfinished jobs stay, other people's included, and those of requests being accepted at this moment.
    """
    used = sa.select(job_pictures.c.job).where(job_pictures.c.picture == pictures.c.id)
    unfinished = used.join(jobs, jobs.c.id == job_pictures.c.job).where(
        jobs.c.state.not_in(ENDED) | jobs.c.announced.is_(None)
    )
    being_accepted = ~used.exists() & (pictures.c.created > tx.now - ORPHAN_S)  # if it comes to nothing, it is swept
    theirs = (
        sa.select(pictures.c.id).where(pictures.c.person == person, ~unfinished.exists(), ~being_accepted).limit(BATCH)
    )
    ids = _taken(tx, theirs)
    stored.delete(tx, ids)
    return len(ids)


def forget_jobs(tx: Tx, person: str) -> int:
    """Delete a person's ended jobs for good; return how many."""
    ended = (jobs.c.person == person) & jobs.c.state.in_(ENDED) & jobs.c.announced.is_not(None)
    return tx.execute(jobs.delete().where(ended)).rowcount


def _taken(tx: Tx, ids: sa.Select[tuple[str]]) -> list[str]:
    """Return ids of rows to delete; on PostgreSQL without those that another process deletes or uses this moment."""
    (table,) = ids.get_final_froms()
    return list(tx.execute(ids.with_for_update(of=table, skip_locked=True)).scalars())
