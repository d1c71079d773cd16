"""`easel check`: is everything configured here, reachable and right? One line each."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from bot.config import Config
from bot.db import migrate
from bot.db.database import Database
from bot.engines.base import Engine
from bot.engines.registry import Registry
from bot.errors import ConfigError, Moderated, ModerationAway
from bot.language_model import language_model
from bot.llm.base import NoAnswer, Reason
from bot.moderation import Moderation
from bot.pictures.sandbox import Sandbox
from bot.process import database_address

CHECK_TIMEOUT_S = 30
NO_ANSWERS: Mapping[Reason, str] = {
    "refused": "Answers, but refuses to.",
    "cut": "Its answer ends in the middle.",
    "away": "Cannot be reached, or fails.",
    "late": f"No answer within {CHECK_TIMEOUT_S} seconds.",
    "busy": "Too many requests, or no credit left; try again later.",
    "auth": "Does not accept the key, the address or the model.",
    "unreadable": "Its answer is not that of a language model; is the address right?",
    "empty": "Answers, but says nothing.",
}
"""What operators are told of a language model that gives no answer."""


@dataclass(frozen=True, slots=True)
class Line:
    """One part and how it is."""

    ok: bool
    part: str
    sentence: str


async def check(config: Config) -> AsyncIterator[Line]:
    """Check the database, the language model, moderation and every engine of a configuration without mistakes."""
    yield Line(True, "config", "The configuration is right.")
    yield await _database(config)
    if config.llm.model:
        yield await _language_model(config)
    if config.defaults.moderation == "provider":
        yield await _moderation(config)
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


async def _language_model(config: Config) -> Line:
    try:
        model = language_model(config)
    except ConfigError as error:
        return Line(False, "language model", str(error))
    assert model is not None
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return Line(True, "language model", await model.check())
    except NoAnswer as error:
        said = f"{NO_ANSWERS[error.reason]} ({error.detail})" if error.detail else NO_ANSWERS[error.reason]
        return Line(False, "language model", said)
    except TimeoutError:
        return Line(False, "language model", NO_ANSWERS["late"])
    finally:
        await model.aclose()


async def _moderation(config: Config) -> Line:
    """Have the service look at harmless words; the operator's own list is left aside."""
    moderation = Moderation(config.moderation.model_copy(update={"words": ()}), config.llm)
    try:
        await moderation.check("provider", "a red fox in the snow")
    except ModerationAway as error:
        return Line(False, "moderation", f"Cannot be asked, so that nothing would be drawn: {error.detail}")
    except Moderated:
        return Line(False, "moderation", "Answers, but refuses a red fox in the snow.")
    finally:
        await moderation.aclose()
    return Line(True, "moderation", "The service answers.")


async def _engine(part: str, engine: Engine) -> Line:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            health = await engine.check()
    except TimeoutError:
        return Line(False, part, f"No answer within {CHECK_TIMEOUT_S} seconds.")
    return Line(health.ok, part, health.sentence)
