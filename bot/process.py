"""Puts the bot together, runs it until it is told to stop, and takes it apart in the right order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from bot import limits
from bot.app import Easel
from bot.config import Config
from bot.db import migrate, retention
from bot.db.database import Clock, Database
from bot.describing import Describer
from bot.engines.registry import Registry
from bot.gallery import Gallery
from bot.given import Fetcher
from bot.i18n.catalogue import Catalogues
from bot.intake import Intake
from bot.intent import Rules
from bot.jobs import lanes
from bot.jobs.courier import Courier
from bot.jobs.following import Following
from bot.jobs.lanes import Caps
from bot.jobs.statuses import Statuses
from bot.jobs.worker import Worker
from bot.language_model import language_model
from bot.moderation import Moderation
from bot.observe import HealthServer, Metrics, ReadyParts, report, sample_loop_lag
from bot.pictures.inspect import InputLimits
from bot.pictures.sandbox import Sandbox
from bot.planning import Planner
from bot.platform import Platform
from bot.prompts import Prompts
from bot.settings.store import Settings
from bot.types import new_id
from bot.wording import Wording

log = structlog.get_logger(__name__)

GRACE_S = 8.0
"""How long running jobs may finish at a shutdown; below the ten seconds container runtimes wait."""
SWEEP_S = 60.0

Adapter = Callable[[Easel, Database], Platform]
"""Makes a platform that calls this Easel; the database is for a platform that has no storage of its own."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A bot put together and not yet running."""

    config: Config
    database: Database
    easel: Easel
    platforms: Mapping[str, Platform]
    worker: Worker
    courier: Courier
    statuses: Statuses
    metrics: Metrics


@asynccontextmanager
async def assembled(config: Config, adapters: Mapping[str, Adapter], clock: Clock = time.time) -> AsyncIterator[Parts]:
    """Open storage, engines and platforms; close all of it at the end. Raises ConfigError."""
    async with contextlib.AsyncExitStack() as stack:
        prompts = Prompts(language_model(config), config.llm)
        stack.push_async_callback(prompts.aclose)
        sandbox = await stack.enter_async_context(Sandbox())
        moderation = Moderation(config.moderation, config.llm, sandbox=sandbox)
        stack.push_async_callback(moderation.aclose)
        engines = Registry.build(config.engines, sandbox)
        stack.push_async_callback(engines.aclose)
        database = await Database.open(database_address(config), clock=clock)
        stack.push_async_callback(database.aclose)
        await migrate.upgrade(database)
        owner = new_id()
        metrics = Metrics()
        catalogues = Catalogues()
        wording = Wording(catalogues)
        settings = Settings(database, config)
        platforms: dict[str, Platform] = {}
        statuses = Statuses(platforms)
        stack.push_async_callback(statuses.aclose)
        courier = Courier(
            owner=owner,
            database=database,
            engines=engines,
            platforms=platforms,
            statuses=statuses,
            wording=wording,
            prompts=prompts,
            metrics=metrics,
        )
        worker = Worker(
            owner=owner,
            database=database,
            engines=engines,
            sandbox=sandbox,
            statuses=statuses,
            wording=wording,
            prompts=prompts,
            moderation=moderation,
            metrics=metrics,
            caps=Caps(config.limits.person.running, config.limits.server.running),
            refund_refused=config.refund_refused,
        )
        following = Following(database, statuses, wording, worker.draws)
        stack.push_async_callback(following.aclose)
        fetcher = Fetcher(database, sandbox, platforms, InputLimits())
        intake = Intake(
            database=database,
            engines=engines,
            planner=Planner(engines, config.limits, catalogues, language_model=prompts.ready),
            policy=config.limits,
            settings=settings,
            fetcher=fetcher,
            catalogues=catalogues,
            rules=Rules.load(),
            prompts=prompts,
            moderation=moderation,
        )
        describer = Describer(
            database=database,
            engines=engines,
            settings=settings,
            catalogues=catalogues,
            sandbox=sandbox,
            fetcher=fetcher,
            prompts=prompts,
        )
        easel = Easel(
            config=config,
            database=database,
            engines=engines,
            catalogues=catalogues,
            settings=settings,
            intake=intake,
            gallery=Gallery(database, sandbox, platforms),
            describer=describer,
            metrics=metrics,
            language_model=prompts.ready,
        )
        for name, make in adapters.items():
            platforms[name] = make(easel, database)
            stack.push_async_callback(platforms[name].aclose)
        yield Parts(config, database, easel, platforms, worker, courier, statuses, metrics)


def database_address(config: Config) -> str:
    """Return where the database is, as SQLAlchemy writes addresses; it may hold a password."""
    if config.database_url is not None:
        return config.database_url.get_secret_value()
    return f"sqlite:///{config.data_dir / 'easel.db'}"


async def run(
    config: Config, adapters: Mapping[str, Adapter], ready: Callable[[], Awaitable[None]]
) -> signal.Signals | None:
    """Run until SIGINT or SIGTERM, then let running jobs finish for a moment, stop, and return which it was.

    `ready` is awaited once everything serves. Raises ConfigError when something cannot be opened, and whatever ended a
    part that should run for ever.
    """
    serving, stopping = asyncio.Event(), asyncio.Event()
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        received.append(number)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    async with assembled(config, adapters) as parts:
        health = HealthServer(
            config.http.host,
            config.http.port,
            metrics=parts.metrics,
            ready=lambda: _readiness(parts, serving, stopping),
        )
        await health.start()
        try:
            await parts.worker.recover(everything=parts.database.exclusive)
            await _serve(parts, serving, stopping, ready)
        finally:
            await health.stop()
    return received[0] if received else None


async def _serve(
    parts: Parts, serving: asyncio.Event, stopping: asyncio.Event, ready: Callable[[], Awaitable[None]]
) -> None:
    for platform in parts.platforms.values():
        await platform.start()
    endless: list[asyncio.Task[None]] = [
        asyncio.create_task(parts.worker.run(), name="worker"),
        asyncio.create_task(parts.courier.run(), name="courier"),
        asyncio.create_task(_sweep(parts), name="sweep"),
        asyncio.create_task(sample_loop_lag(parts.metrics), name="loop lag"),
        *(asyncio.create_task(platform.run(), name=name) for name, platform in parts.platforms.items()),
    ]
    stop: asyncio.Task[bool] = asyncio.create_task(stopping.wait(), name="stop")
    try:
        serving.set()
        await ready()
        await asyncio.wait({stop, *endless}, return_when=asyncio.FIRST_COMPLETED)
        log.info("stopping")
        broken = [task for task in endless if task.done()]
    finally:
        await parts.worker.stop(GRACE_S)
        await parts.courier.stop(GRACE_S / 4)
        stop.cancel()
        for task in endless:
            task.cancel()
        await asyncio.gather(stop, *endless, return_exceptions=True)
    for task in broken:
        await task  # it should have run for ever: its error ends the process


async def _sweep(parts: Parts) -> None:
    """Delete now and then what is over its time."""
    storage = parts.config.storage
    # The studio's pictures stay also while it is not being served.
    keeping = {"local"} | {name for name, platform in parts.platforms.items() if platform.keeps_pictures}
    while True:
        try:
            while await parts.database.write(
                lambda tx: retention.sweep(
                    tx,
                    keep_pictures_s=storage.keep_pictures_hours * 3600,
                    keep_history_s=storage.keep_history_days * 86400,
                    keeping=keeping,
                )
            ):
                pass  # one short transaction after the other, so that nobody waits long for a turn
            await parts.database.write(limits.forget)
            await parts.database.write(lanes.forget_idle)
        except Exception as error:
            report("sweeping failed", error)
        await asyncio.sleep(SWEEP_S)


async def _readiness(parts: Parts, serving: asyncio.Event, stopping: asyncio.Event) -> ReadyParts:
    """Tell for each part None, or why it does not work."""
    try:
        await parts.database.read(lambda tx: tx.now)
    except Exception as error:
        database: str | None = f"cannot be read: {type(error).__name__}"
    else:
        database = None
    process = "is stopping" if stopping.is_set() else None if serving.is_set() else "is starting"
    return {"database": database, "process": process}
