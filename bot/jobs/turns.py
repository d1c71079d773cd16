"""Whose turn it is at an engine: a look-up of one step in an index for each of its lanes, however many wait."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from bot.db.database import Tx
from bot.db.schema import ENGINE, IS_QUEUED, jobs, lanes
from bot.jobs.lanes import Lane


def next_turn(
    tx: Tx, engine: str, servers: Collection[str], people: Collection[str]
) -> tuple[Lane, Lane | None, str | None] | None:
    """Return the server whose turn it is, in it the person, and their oldest job; some servers and people left out.

    Of equals it is the one with fewer running jobs. The person is None when all of the server's are left out; the job
    when all of theirs are begun and wait for their address.
    """
    left_out = {"servers": list(servers), "people": list(people)} if servers or people else {}
    row = tx.execute(_TURN_WITHOUT if left_out else _TURN, {"e": engine, **left_out}).one_or_none()
    if row is None:
        return None
    server, person = tuple(row)[:4], tuple(row)[4:8]
    return Lane(*server), None if person[0] is None else Lane(*person), row.job


def _turn(left_out: bool) -> sa.Select[Any]:
    """Return the statement that looks up whose turn it is; `left_out`: without some servers and people."""
    server, person = lanes.alias("server"), lanes.alias("person")

    def first(lane: sa.FromClause, parent: sa.ColumnElement[str], without: str) -> sa.ScalarSelect[str]:
        query = sa.select(lane.c.name).where(
            lane.c.engine == sa.bindparam("e"), lane.c.parent == parent, lane.c.waiting > sa.literal_column("0")
        )
        if left_out:
            query = query.where(lane.c.name.not_in(sa.bindparam(without, expanding=True)))
        return query.order_by(lane.c.served, lane.c.running, lane.c.name).limit(1).scalar_subquery()

    next_server = first(lanes.alias("servers"), sa.literal(ENGINE), "servers")
    next_person = first(lanes.alias("people"), server.c.name, "people")
    oldest = (
        sa.select(jobs.c.id)
        .where(IS_QUEUED, jobs.c.engine == sa.bindparam("e"), jobs.c.handle.is_(None))
        .where(jobs.c.server == server.c.name, jobs.c.person == person.c.name)
        .order_by(jobs.c.created, jobs.c.id)
        .limit(1)
        .scalar_subquery()
    )
    mine = (person.c.engine == server.c.engine) & (person.c.parent == server.c.name) & (person.c.name == next_person)
    shown = [lane.c[name] for lane in (server, person) for name in ("name", "waiting", "running", "served")]
    return (
        sa.select(*shown, oldest.label("job"))
        .select_from(server.outerjoin(person, mine))
        .where(server.c.engine == sa.bindparam("e"), server.c.parent == ENGINE, server.c.name == next_server)
    )


_TURN, _TURN_WITHOUT = _turn(left_out=False), _turn(left_out=True)
