"""Either database, open for a test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.db import migrate
from bot.db.database import Clock, Database


@asynccontextmanager
async def opened_at(url: str, clock: Clock | None = None) -> AsyncIterator[Database]:
    """Open a fresh or existing database at the newest schema: `sqlite:///path` or `postgresql://…`."""
    database = await (Database.open(url, clock=clock) if clock else Database.open(url))
    try:
        await migrate.upgrade(database)
        yield database
    finally:
        await database.aclose()
