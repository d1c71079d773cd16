"""Jobs and databases for tests of the journal."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from bot.db.database import Clock, Database, Tx
from bot.db.schema import lanes
from bot.engines.base import Nature
from bot.jobs import claims, journal, recovery
from bot.types import Job, MessageRef, Person, Picture, Place, Plan, State, new_id
from tests.support.databases import opened_at

PLAN = Plan(kind="generate", engine="demo", prompt="a red fox", count=1, width=64, height=64, metadata=False)


def place(server: str = "s", channel: str = "c") -> Place:
    """Return a place on the local platform."""
    return Place("local", server, channel)


def job(person: str = "ann", server: str = "s", **plan: Any) -> Job:
    """Return a job that is not stored yet."""
    where = place(server)
    return Job(
        id=new_id(),
        state=State.QUEUED,
        person=Person("local", person),
        place=where,
        message=MessageRef(where, "1"),
        language="en",
        plan=dataclasses.replace(PLAN, **plan),
        parent=None,
        created=0,
    )


def picture(size: int = 3) -> Picture:
    """Return what is known of a picture; its bytes are anybody's guess."""
    return Picture(id=new_id(), mime="image/png", width=64, height=64, size=size)


async def add(database: Database, new: Job, key: str | None = None) -> Job:
    """Store a job under its own id as the key, or the one given."""

    def step(tx: Tx) -> Job:
        return journal.add(tx, new, key or new.id)

    return await database.write(step)


LEASE = 30.0
"""Seconds."""


async def try_claim(
    database: Database, owner: str = "w", engines: tuple[str, ...] = ("demo",), *, slots: int = 100
) -> Job | None:
    room = {each: {"": slots} for each in engines}
    return await database.write(lambda tx: claims.claim(tx, owner, LEASE, room))


async def claim(database: Database, owner: str = "w", engines: tuple[str, ...] = ("demo",), *, slots: int = 100) -> Job:
    claimed = await try_claim(database, owner, engines, slots=slots)
    assert claimed is not None
    return claimed


async def recover(database: Database, nature: Nature | None = "free", *, everything: bool = True) -> list[str]:
    """Recover with one engine, `demo`, of this nature; None = with none."""
    engines: dict[str, Nature] = {"demo": nature} if nature else {}
    return await database.write(
        lambda tx: recovery.recover(tx, everything=everything, engines=engines, addresses=dict.fromkeys(engines, ("",)))
    )


async def claim_post(database: Database, owner: str = "w") -> Job | None:
    return await database.write(lambda tx: claims.claim_post(tx, owner, LEASE, ["local"]))


async def posting(database: Database) -> Job:
    """Store a job, draw it, and claim its delivery."""
    await add(database, job())
    await draw(database, await claim(database))
    claimed = await claim_post(database)
    assert claimed is not None
    return claimed


async def get(database: Database, job_id: str) -> Job:
    found = await database.read(lambda tx: journal.get(tx, job_id))
    assert found is not None
    return found


async def draw(database: Database, claimed: Job) -> str:
    """Store one picture for a claimed job and finish it."""
    drawn = picture()
    await database.write(lambda tx: journal.picture(tx, claimed, 0, drawn, b"abc"))
    await database.write(lambda tx: journal.drawn(tx, claimed, {"model": "m"}))
    return drawn.id


async def fill_disk(database: Database, full: bool = True) -> None:
    """Leave no room for more pages, which SQLite reports just like a full disk; or give room again."""

    def limit(tx: Tx) -> None:
        pages = tx.connection.exec_driver_sql("pragma page_count").scalar_one() if full else 1 << 30
        tx.connection.exec_driver_sql(f"pragma max_page_count={pages}")

    await database.write(limit)


class ManualClock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def takes(database: Database, engine: str, seconds: float) -> None:
    """Have it known that an engine takes so long for a picture."""
    await database.write(lambda tx: tx.execute(lanes.update().where(lanes.c.engine == engine).values(pace=seconds)))


def opened(folder: Path, clock: Clock | None = None) -> AbstractAsyncContextManager[Database]:
    """Open a fresh or existing database in a folder, at the newest schema."""
    return opened_at(f"sqlite:///{folder / 'easel.db'}", clock)
