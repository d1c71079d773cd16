"""`easel check`: is everything configured here, reachable and right? One line each."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.config import Config
from bot.db import migrate
from bot.db.database import Database
from bot.engines.base import Engine
from bot.engines.registry import Registry
from bot.errors import ConfigError
from bot.pictures.sandbox import Sandbox
from bot.process import database_address

ENGINE_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Line:
    """One part and how it is."""

    ok: bool
    part: str
    sentence: str


async def check(config: Config) -> AsyncIterator[Line]:
    """Check the database and every engine of a configuration that was read without mistakes."""
    yield Line(True, "config", "The configuration is right.")
    yield await _database(config)
    async with Sandbox() as sandbox:
        try:
            engines = Registry.build(config.engines, sandbox)
        except ConfigError as error:
            for problem in error.problems:
                yield Line(False, "engines", problem)
            return
        try:
            for id_ in engines:
                pool = engines.configured(id_).pool.engines
                for address, engine in pool.items():
                    yield await _engine(f"engine {id_} at {address}" if len(pool) > 1 else f"engine {id_}", engine)
        finally:
            await engines.aclose()
    if config.studio_enabled:
        yield Line(True, "local", f"The studio will be at http://{config.local.host}:{config.local.port}/")


async def _database(config: Config) -> Line:
    version = f"SQLite {sqlite3.sqlite_version}" if config.database_url is None else "PostgreSQL"
    try:
        database = await Database.open(database_address(config))
    except ConfigError as error:
        # Held by the running bot: that is how it should be.
        running = "another Easel" in str(error)
        return Line(running, "database", f"{version}: {'in use by the running Easel.' if running else error}")
    try:
        await migrate.upgrade(database)
    except ConfigError as error:
        return Line(False, "database", f"{version}: {error}")
    except Exception as error:
        return Line(False, "database", f"{version}: cannot be brought up to date: {error}")
    finally:
        await database.aclose()
    return Line(True, "database", f"{version}: works and is up to date.")


async def _engine(part: str, engine: Engine) -> Line:
    try:
        async with asyncio.timeout(ENGINE_TIMEOUT_S):
            health = await engine.check()
    except TimeoutError:
        return Line(False, part, f"No answer within {ENGINE_TIMEOUT_S} seconds.")
    return Line(health.ok, part, health.sentence)
