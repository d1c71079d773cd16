"""Worker and courier over a real database, with an engine and a platform for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.db.database import Database
from bot.engines.registry import Registry
from bot.i18n.catalogue import Catalogues
from bot.jobs import journal
from bot.jobs.courier import Courier
from bot.jobs.lanes import Caps
from bot.jobs.statuses import Statuses
from bot.jobs.words import Words
from bot.jobs.worker import Worker
from bot.llm.base import ChatModel
from bot.moderation import Moderation
from bot.observe import Metrics
from bot.pictures.sandbox import Sandbox
from bot.preparing import Preparer
from bot.prompts import Prompts
from bot.settings.tables import LlmSettings, ModerationSettings
from bot.types import Job
from bot.wording import Wording
from tests.support.engines import ScriptedEngine, registry
from tests.support.jobs import add, opened
from tests.support.memory_platform import MemoryPlatform


def words_of(job: Job, database: Database, sandbox: Sandbox) -> Words:
    """Return the words around a job where there is no language model."""
    prompts = Prompts(None, LlmSettings())
    return Words(job, database, prompts, Preparer(prompts, Moderation(ModerationSettings(), LlmSettings()), sandbox))


class Bot:
    """Worker and courier of one process life."""

    def __init__(
        self,
        database: Database,
        engines: Registry,
        platform: MemoryPlatform | None,
        sandbox: Sandbox,
        model: ChatModel | None = None,
        words: tuple[str, ...] = (),
    ) -> None:
        """`words` are those that moderation forbids."""
        self.database = database
        platforms = {"local": platform} if platform else {}
        self.statuses = Statuses(platforms)
        wording, metrics = Wording(Catalogues()), Metrics()
        prompts = Prompts(model, LlmSettings())
        self.courier = Courier(
            owner="w",
            database=database,
            engines=engines,
            platforms=platforms,
            statuses=self.statuses,
            wording=wording,
            prompts=prompts,
            metrics=metrics,
        )
        self.worker = Worker(
            owner="w",
            database=database,
            engines=engines,
            sandbox=sandbox,
            statuses=self.statuses,
            wording=wording,
            prompts=prompts,
            moderation=Moderation(ModerationSettings(words=words), LlmSettings()),
            metrics=metrics,
            caps=Caps(),
        )

    async def ask(self, new: Job) -> Job:
        return await add(self.database, new)

    async def get(self, job_id: str) -> Job:
        found = await self.database.read(lambda tx: journal.get(tx, job_id))
        assert found is not None
        return found


@asynccontextmanager
async def running(
    folder: Path, engine: ScriptedEngine, platform: MemoryPlatform, *, slots: int = 2, grace: float = 5, **more: Any
) -> AsyncIterator[Bot]:
    """Run a bot with one engine until the block ends, then shut it down as a process does; `more` is for `Bot`."""
    async with running_with(folder, registry(engine, slots=slots), platform, grace=grace, **more) as bot:
        yield bot


@asynccontextmanager
async def running_with(
    folder: Path, engines: Registry, platform: MemoryPlatform, *, grace: float = 5, **more: Any
) -> AsyncIterator[Bot]:
    """The same with these engines."""
    async with Sandbox() as sandbox, opened(folder) as database:
        bot = Bot(database, engines, platform, sandbox, **more)
        await bot.worker.recover(everything=True)
        tasks = [asyncio.create_task(bot.worker.run()), asyncio.create_task(bot.courier.run())]
        try:
            yield bot
        finally:
            await bot.worker.stop(grace)
            await bot.courier.stop(grace)
            await asyncio.gather(*tasks)
            await bot.statuses.aclose()
